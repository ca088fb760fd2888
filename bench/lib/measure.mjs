// The measurements. Each takes turns between the contenders and leaves its samples behind.
import { edits, forgedEdits, invalidEdits } from "./fixtures.mjs";
import { cpuTime, residentMemory } from "./process.mjs";
import { QUEUE_BATCH_TIMEOUT_S, startWorkerd } from "./runtime.mjs";

/** @typedef {import("./check.mjs").Arena} Arena */
/** @typedef {import("./stats.mjs").Samples} Samples */

const SETTLE_TIMEOUT_MS = 60_000;
const POLL_MS = 25;
// Refusals take a fifth of the CPU of an edit: as many more of them are needed for a figure as good.
const REFUSALS = 4;

const sleep = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Waits until the upstream has nothing open and the runtime has been idle: with a queue, for longer than a batch
 * may wait.
 * @param {Arena} arena
 */
export async function settle({ contender, running, upstream }) {
  const quiet = contender.queue ? QUEUE_BATCH_TIMEOUT_S * 1000 + 500 : 100;
  const deadline = Date.now() + SETTLE_TIMEOUT_MS;
  let cpu = -1;
  let since = Date.now();
  while (Date.now() < deadline) {
    const { pending } = await upstream.call("state");
    const now = cpuTime(running.pid);
    if (pending > 0 || now > cpu + 10_000) {
      cpu = now;
      since = Date.now();
    } else if (Date.now() - since >= quiet) return;
    await sleep(POLL_MS);
  }
  throw new Error(`${contender.name} still had work to do after ${SETTLE_TIMEOUT_MS / 1000} s`);
}

/**
 * Sends a series and reports its latencies and the CPU it took, the work behind the answers included.
 * @param {Arena} arena
 * @param {{templates: any[], connections: number, count: number, expect: number, delay?: number}} series
 */
export async function runSeries(arena, { templates, connections, count, expect, delay = 0 }) {
  const { running, upstream, load } = arena;
  await upstream.call("delay", delay);
  await upstream.call("reset", 0);
  const before = cpuTime(running.pid);
  const result = await load.call("run", { port: running.port, templates, connections, count, expect });
  await arena.settle();
  const cpu = (cpuTime(running.pid) - before) / count;
  await upstream.call("delay", 0);
  return { ...result, cpu };
}

/** Rounds in which every contender has its turn, another one first each time. @param {Arena[]} arenas */
function* turns(arenas, /** @type {number} */ rounds) {
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < arenas.length; i++) yield /** @type {Arena} */ (arenas[(i + round) % arenas.length]);
  }
}

/**
 * @typedef {object} Settings
 * @property {number} rounds
 * @property {number} warmup
 * @property {number} many requests of a series whose CPU is measured
 * @property {number} some requests of a series at one connection, undelayed
 * @property {number} few requests of a delayed series, per connection
 * @property {number[]} connections
 * @property {number[]} populations of the backfill; the second one is compared with the script
 * @property {number} script users that the usual script gets
 * @property {number} burst users of the burst that is counted
 */

/** @param {Arena[]} arenas @param {Settings} settings @param {Samples} samples */
export async function measureEdits(arenas, { rounds, many }, samples) {
  const templates = edits();
  for (const arena of turns(arenas, rounds)) {
    const { name } = arena.contender;
    const result = await runSeries(arena, { templates, connections: 16, count: many, expect: 200 });
    samples.add(name, "edit_cpu", "us", result.cpu);
    samples.add(name, "edits_per_second", "1/s", result.per_second);
    samples.add(name, "p50_16_0", "ms", result.p50);
    samples.add(name, "p99_16_0", "ms", result.p99);
    samples.add(name, "memory", "bytes", residentMemory(arena.running.pid));
  }
}

/** @param {Arena[]} arenas @param {Settings} settings @param {Samples} samples */
export async function measureLatency(arenas, { rounds, some, few }, samples) {
  const templates = edits();
  const series = [
    { connections: 1, delay: 0, count: some },
    { connections: 1, delay: 20, count: few },
    { connections: 16, delay: 20, count: few * 16 },
  ];
  for (const arena of turns(arenas, rounds)) {
    for (const { connections, delay, count } of series) {
      const result = await runSeries(arena, { templates, connections, count, delay, expect: 200 });
      samples.add(arena.contender.name, `p50_${connections}_${delay}`, "ms", result.p50);
      samples.add(arena.contender.name, `p99_${connections}_${delay}`, "ms", result.p99);
    }
  }
}

/** @param {Arena[]} arenas @param {Settings} settings @param {Samples} samples */
export async function measureRefusals(arenas, { rounds, many }, samples) {
  const kinds = [
    { metric: "invalid_cpu", templates: invalidEdits(), expect: 400 },
    { metric: "forged_cpu", templates: forgedEdits(), expect: 401 },
  ];
  for (const arena of turns(arenas, rounds)) {
    for (const { metric, templates, expect } of kinds) {
      if (expect === 400 && !arena.contender.validates) continue;
      const { cpu } = await runSeries(arena, { templates, connections: 16, count: many * REFUSALS, expect });
      samples.add(arena.contender.name, metric, "us", cpu);
    }
  }
}

/** One edit by each of some users, and the calls that the upstream saw. @param {Arena[]} arenas */
export async function countSubrequests(arenas, /** @type {Settings} */ { burst }, /** @type {Samples} */ samples) {
  for (const arena of arenas) {
    const { name } = arena.contender;
    await runSeries(arena, { templates: edits(burst), connections: 16, count: burst, expect: 200 });
    const { counters } = await arena.upstream.call("state");
    let calls = 0;
    for (const [kind, counter] of Object.entries(counters)) if (kind !== "AI") calls += counter.calls;
    samples.add(name, "subrequests", "per edit", calls / burst);
    samples.add(name, "ai_calls", "per edit", counters.AI.calls / burst);
  }
}

/**
 * A new process each time, from its start to its first answered edit.
 * @param {{contender: {name: string}, bundle: import("./build.mjs").Bundle}[]} entries
 * @param {number} port of the upstream
 * @param {Settings} settings
 * @param {Samples} samples
 */
export async function measureColdStart(entries, port, { rounds }, samples) {
  const [edit] = edits(1);
  for (let round = 0; round < rounds * 4; round++) {
    const turn = round % entries.length;
    for (const { contender, bundle } of [...entries.slice(turn), ...entries.slice(0, turn)]) {
      const begin = performance.now();
      const running = await startWorkerd(bundle, port);
      try {
        const loaded = performance.now();
        const answer = await fetch(`http://127.0.0.1:${running.port}/api/profile`, /** @type {any} */ (edit));
        if (answer.status !== 200) throw new Error(`${contender.name} answered its first edit ${answer.status}`);
        await answer.text();
        const end = performance.now();
        samples.add(contender.name, "cold_start", "ms", end - begin);
        samples.add(contender.name, "cold_load", "ms", loaded - begin);
        samples.add(contender.name, "cold_cpu", "ms", cpuTime(running.pid) / 1000);
      } finally {
        await running.stop();
      }
    }
  }
}

/** @param {Arena[]} arenas @param {Settings} settings @param {Samples} samples */
export async function measureScaling(arenas, { rounds, many, connections }, samples) {
  const templates = edits();
  for (const arena of turns(arenas, Math.ceil(rounds / 2))) {
    for (const lanes of connections) {
      const count = Math.max(lanes, Math.ceil(many / 2));
      const { cpu, per_second } = await runSeries(arena, {
        templates,
        connections: lanes,
        count,
        expect: 200,
      });
      const { name } = arena.contender;
      samples.add(name, `scale_cpu_${lanes}`, "us", cpu);
      samples.add(name, `scale_rate_${lanes}`, "1/s", per_second);
      samples.add(name, `scale_memory_${lanes}`, "bytes", residentMemory(arena.running.pid));
    }
  }
}
