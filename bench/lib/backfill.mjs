// Re-embedding everybody: this worker's admin route against the usual script.
import { SERVICE_KEY } from "./fixtures.mjs";
import { cpuTime, residentMemory } from "./process.mjs";
import { startChild } from "./rpc.mjs";

/** @typedef {import("./check.mjs").Arena} Arena */

const DELAY_MS = 20;
const BATCH = 100;

/**
 * One call of the admin route. It ends by itself before the runtime's limits, with the cursor to go on from.
 * @param {number} port @param {string | null} after
 */
async function callBackfill(port, after) {
  const answer = await fetch(`http://127.0.0.1:${port}/api/admin/backfill`, {
    method: "POST",
    headers: { authorization: `Bearer ${SERVICE_KEY}`, "content-type": "application/json" },
    body: JSON.stringify(after === null ? { batch_size: BATCH } : { batch_size: BATCH, after }),
  });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`the backfill answered ${answer.status}: ${text.slice(0, 500)}`);
  const { summary } = JSON.parse(text.slice(text.lastIndexOf("\n", text.length - 2) + 1));
  if (!summary || summary.error) throw new Error(`the backfill gave up: ${text.slice(-500)}`);
  return summary;
}

/** @param {Arena} arena @param {number} population */
async function backfill({ running, upstream }, population) {
  await upstream.call("reset", population);
  const before = cpuTime(running.pid);
  const begin = performance.now();
  let success = 0;
  let peak = 0;
  let after = null;
  for (let done = false; !done;) {
    const summary = await callBackfill(running.port, after);
    if (!summary.done && summary.next === after) throw new Error("the backfill does not move on");
    success += summary.success;
    ({ next: after, done } = summary);
    peak = Math.max(peak, residentMemory(running.pid));
  }
  const elapsed = performance.now() - begin;
  if (success !== population) throw new Error(`the backfill embedded ${success} of ${population} users`);
  return { elapsed, cpu: (cpuTime(running.pid) - before) / population, peak };
}

/**
 * @param {Arena} arena
 * @param {number} port of the upstream
 * @param {import("./measure.mjs").Settings} settings
 * @param {import("./stats.mjs").Samples} samples
 */
export async function measureBackfill(arena, port, { rounds, populations, script }, samples) {
  const peer = startChild("peers/backfill-script.mjs");
  try {
    for (let round = 0; round < Math.ceil(rounds / 2); round++) {
      await arena.upstream.call("delay", DELAY_MS);
      await arena.upstream.call("reset", script);
      const elapsed = await peer.call("run", { port, users: script });
      samples.add("script", "backfill_rate", "users/s", (script * 1000) / elapsed);
      for (const population of populations) {
        const result = await backfill(arena, population);
        const { name } = arena.contender;
        if (population === populations[1]) {
          samples.add(name, "backfill_rate", "users/s", (population * 1000) / result.elapsed);
        }
        samples.add(name, `backfill_ms_${population}`, "ms", result.elapsed);
        samples.add(name, `backfill_cpu_${population}`, "us per user", result.cpu);
        samples.add(name, `backfill_memory_${population}`, "bytes", result.peak);
      }
    }
  } finally {
    await arena.upstream.call("delay", 0);
    peer.stop();
  }
}
