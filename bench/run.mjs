// Measures this worker against what people would otherwise run: bench/lib does the work, this file says in which
// order, and writes the result.
import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { measureBackfill } from "./lib/backfill.mjs";
import { bundle } from "./lib/build.mjs";
import { checkBehaviour } from "./lib/check.mjs";
import { CONTENDERS, EMPTY, FETCH_ONLY, GUARDED, projectPath, QUEUE_ONLY } from "./lib/contenders.mjs";
import { edits } from "./lib/fixtures.mjs";
import * as measure from "./lib/measure.mjs";
import { barsSvg, scalingSvg } from "./lib/plot.mjs";
import { publish } from "./lib/publish.mjs";
import { metricsTable, reportJson, scalingTable, targetsTable } from "./lib/report.mjs";
import { startChild } from "./lib/rpc.mjs";
import { startMiniflare, startWorkerd } from "./lib/runtime.mjs";
import { Samples } from "./lib/stats.mjs";

const PARTS = ["upload", "edits", "latency", "refusals", "subrequests", "cold-start", "scaling", "backfill"];
const NAMES = CONTENDERS.map(({ name }) => name);

const HELP = `Usage: node bench/run.mjs [options]

Measures this worker side by side with the same API written otherwise, in workerd, against local doubles of
Supabase and Workers AI. It needs no network, and Linux for its accounts of CPU time.

  --rounds N           rounds of each measurement, medians are reported (default 7)
  --only NAME[,NAME]   only these measurements: ${PARTS.join(", ")}
  --contenders A[,B]   only these: ${NAMES.join(", ")}
  --quick              tiny counts: shows that everything works, the figures mean nothing
  --out DIR            writes everything there, instead of build/bench.json, the plots in docs/ and the figures in
                       docs/benchmarks.md; a partial run goes to build/bench-partial
  --help               this text
`;

/** @type {measure.Settings} */
const FULL = {
  rounds: 7,
  warmup: 1500,
  many: 1500,
  some: 400,
  few: 40,
  connections: [1, 4, 16, 64, 256],
  populations: [100, 1000, 10_000],
  script: 100,
  burst: 100,
};

/** @type {measure.Settings} */
const QUICK = {
  rounds: 1,
  warmup: 10,
  many: 20,
  some: 5,
  few: 1,
  connections: [1, 4],
  populations: [20, 40],
  script: 3,
  burst: 10,
};

/** A mistake of the person at the keyboard: one sentence, exit code 2. */
class UsageError extends Error {}

/** @param {string | undefined} list @param {string[]} known @param {string} what */
function chosen(list, known, what) {
  if (list === undefined) return known;
  const names = list.split(",");
  for (const name of names) {
    if (!known.includes(name)) throw new UsageError(`no ${what} is called "${name}": there are ${known.join(", ")}`);
  }
  return names;
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      rounds: { type: "string" },
      only: { type: "string" },
      contenders: { type: "string" },
      quick: { type: "boolean", default: false },
      out: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  const settings = values.quick ? QUICK : FULL;
  const rounds = values.rounds === undefined ? settings.rounds : Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) throw new UsageError("--rounds takes a whole number from 1");
  const partial = values.quick || values.only !== undefined || values.contenders !== undefined;
  const folder = values.out ?? (partial ? projectPath("build/bench-partial") : undefined);
  return {
    help: values.help,
    settings: { ...settings, rounds },
    parts: chosen(values.only, PARTS, "measurement"),
    names: chosen(values.contenders, NAMES, "contender"),
    json: folder ? join(resolve(folder), "bench.json") : projectPath("build/bench.json"),
    plots: folder ? resolve(folder) : projectPath("docs"),
    whole: folder === undefined,
  };
}

/** @typedef {ReturnType<typeof readOptions>} Options */

/** @param {string} text */
function say(text) {
  process.stderr.write(`bench: ${text}\n`);
}

/** Bundles, starts, checks and warms each contender. */
async function prepare(
  /** @type {Options} */ { names, settings },
  /** @type {string} */ folder,
  /** @type {any} */ shared,
) {
  const extra = [
    EMPTY,
    ...(names.includes("floor") ? [GUARDED] : []),
    ...(names.includes("worker-queue") ? [FETCH_ONLY, QUEUE_ONLY] : []),
  ];
  const arenas = [];
  for (const contender of [...CONTENDERS.filter(({ name }) => names.includes(name)), ...extra]) {
    if (contender.ours && !existsSync(projectPath("build/worker.wasm"))) {
      throw new UsageError("build/worker.wasm is missing: run make first");
    }
    say(`bundling and starting ${contender.name}`);
    const built = await bundle(contender, folder);
    const start = contender.queue ? startMiniflare : startWorkerd;
    const running = await start(built, shared.port);
    shared.stops.push(running.stop);
    const arena = {
      contender,
      running,
      bundle: built,
      upstream: shared.upstream,
      load: shared.load,
      settle: async () => {},
    };
    arena.settle = () => measure.settle(arena);
    if (!contender.reference || contender === GUARDED) await checkBehaviour(arena);
    const series = { templates: edits(), connections: 16, count: settings.warmup, expect: 200 };
    await measure.runSeries(arena, series);
    arenas.push(arena);
  }
  return arenas;
}

/** @typedef {Awaited<ReturnType<typeof prepare>>} Arenas */

/** @param {Options} options @param {string} folder @param {any} shared @param {Samples} samples */
async function measureAll(options, folder, shared, samples) {
  const { parts, settings } = options;
  const all = await prepare(options, folder, shared);
  const arenas = all.filter(({ contender }) => !contender.reference);
  const direct = arenas.filter(({ contender }) => !contender.queue);
  const steps = /** @type {Record<string, () => Promise<void>>} */ ({
    upload: async () => {
      for (const { contender, bundle: built } of arenas) samples.add(contender.name, "upload", "bytes", built.gzipped);
    },
    edits: () => measure.measureEdits(all, settings, samples),
    latency: () => measure.measureLatency(arenas, settings, samples),
    refusals: () => measure.measureRefusals(arenas, settings, samples),
    subrequests: () => measure.countSubrequests(arenas, settings, samples),
    "cold-start": () =>
      measure.measureColdStart(
        [...direct, ...all.filter(({ contender }) => contender === EMPTY)],
        shared.port,
        settings,
        samples,
      ),
    scaling: () => measure.measureScaling(direct, settings, samples),
    backfill: async () => {
      const ours = direct.find(({ contender }) => contender.ours);
      if (ours) await measureBackfill(ours, shared.port, settings, samples);
    },
  });
  for (const part of PARTS.filter((name) => parts.includes(name))) {
    say(`measuring ${part}`);
    await steps[part]?.();
  }
}

/** @param {Options} options @param {Samples} samples */
async function write({ settings, json, plots, whole }, samples) {
  const results = samples.summary();
  await mkdir(dirname(json), { recursive: true });
  await mkdir(plots, { recursive: true });
  await writeFile(json, `${JSON.stringify(reportJson(results, settings), null, 2)}\n`);
  await writeFile(join(plots, "benchmarks.svg"), barsSvg(results));
  await writeFile(join(plots, "benchmarks-scaling.svg"), scalingSvg(results));
  const text = `${[metricsTable(results), targetsTable(results), scalingTable(results)].filter(Boolean).join("\n\n")}\n`;
  process.stdout.write(text);
  if (whole) await publish("figures", text);
  say(`wrote ${json} and ${plots}/benchmarks*.svg`);
}

/** @param {Options} options */
async function main(options) {
  if (options.help) return void process.stdout.write(HELP);
  if (Number(process.versions.node.split(".")[0]) < 22) throw new UsageError("Node 22 or newer is needed");
  const folder = join(dirname(options.json), "bench");
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const upstream = startChild("upstream.mjs");
  const load = startChild("lib/load.mjs");
  const stops = [upstream.stop, load.stop];
  try {
    const samples = new Samples();
    await measureAll(options, folder, { upstream, load, stops, port: await upstream.call("listen") }, samples);
    await write(options, samples);
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1));
try {
  await main(readOptions());
} catch (error) {
  const { message, stack, code } = /** @type {any} */ (error);
  const usage = error instanceof UsageError || String(code).startsWith("ERR_PARSE_ARGS");
  process.stderr.write(`bench: ${usage ? message : stack}\n`);
  process.exitCode = usage ? 2 : 1;
}
