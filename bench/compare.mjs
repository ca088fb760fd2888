// Measures an earlier revision of this worker beside the one in the working tree: what a change is worth, or costs.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { bundle } from "./lib/build.mjs";
import { checkBehaviour } from "./lib/check.mjs";
import { CONTENDERS, projectPath } from "./lib/contenders.mjs";
import { edits, forgedEdits, invalidEdits } from "./lib/fixtures.mjs";
import { runSeries, settle } from "./lib/measure.mjs";
import { startChild } from "./lib/rpc.mjs";
import { startWorkerd } from "./lib/runtime.mjs";

const SERIES = {
  edits: { templates: edits(), expect: 200 },
  forged: { templates: forgedEdits(), expect: 401 },
  invalid: { templates: invalidEdits(), expect: 400 },
};
const NEEDED = ["js-shim", "src", "include", "scripts", "package.json"];
const FOLDER = "build/bench-compare";

const HELP = `Usage: node bench/compare.mjs REVISION [options]

Builds the worker as it was at a git revision and prints its CPU per request beside that of the working tree, from short
series that take turns: means with their standard errors. On a busy machine it takes many rounds to see a few per cent.

  --series NAME   ${Object.keys(SERIES).join(", ")} (default edits)
  --rounds N      pairs of series (default 20)
  --count N       requests of a series (default 1000)
  --help          this text
`;

/** @param {string} text @returns {never} */
function fail(text) {
  process.stderr.write(`compare: ${text}\n`);
  process.exit(2);
}

function parse() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        series: { type: "string", default: "edits" },
        rounds: { type: "string", default: "20" },
        count: { type: "string", default: "1000" },
        help: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    return fail(/** @type {Error} */ (error).message);
  }
}

function readOptions() {
  const { values, positionals } = parse();
  if (values.help) {
    process.stdout.write(HELP);
    process.exit(0);
  }
  const [revision, ...rest] = positionals;
  const [rounds, count] = [Number(values.rounds), Number(values.count)];
  if (!revision || rest.length > 0) fail("name one git revision, such as HEAD~5");
  if (!(values.series in SERIES)) fail(`--series takes one of ${Object.keys(SERIES).join(", ")}`);
  if (![rounds, count].every((number) => Number.isInteger(number) && number > 0))
    fail("--rounds and --count take whole numbers from 1");
  const series = SERIES[/** @type {keyof typeof SERIES} */ (values.series)];
  return { revision, series, rounds, count };
}

/** @param {string} script @param {string} what */
function build(script, what) {
  try {
    execFileSync(process.execPath, [script], { stdio: ["ignore", "ignore", "inherit"] });
  } catch {
    fail(`the worker of ${what} could not be built`);
  }
}

/** Checks a revision out into a folder and builds its module there. @param {string} revision */
async function buildRevision(revision) {
  const folder = projectPath(join(FOLDER, "revision"));
  await rm(folder, { recursive: true, force: true });
  await mkdir(join(folder, "build"), { recursive: true });
  const cwd = projectPath(".");
  try {
    const archive = execFileSync("git", ["archive", revision, ...NEEDED], { cwd, maxBuffer: 2 ** 28, stdio: "pipe" });
    execFileSync("tar", ["-x", "-C", folder], { input: archive });
  } catch (error) {
    fail(`git has no such revision of the worker: ${String(/** @type {any} */ (error).stderr ?? error).trim()}`);
  }
  await cp(projectPath("build/vendor"), join(folder, "build/vendor"), { recursive: true });
  build(join(folder, "scripts/build.mjs"), revision);
  return join(FOLDER, "revision/js-shim/worker.mjs");
}

/** @param {number[]} values */
const meanOf = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The mean and its standard error: a median would stick to the ticks of the CPU clock. @param {number[]} values */
function describe(values) {
  const mean = meanOf(values);
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return values.length < 2 ? mean.toFixed(0) : `${mean.toFixed(0)} ± ${Math.sqrt(variance / values.length).toFixed(0)}`;
}

const { revision, series, rounds, count } = readOptions();
if (!existsSync(projectPath("build/vendor"))) fail("build/vendor is missing: run make first");
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1));
build(projectPath("scripts/build.mjs"), "working tree");
const worker = /** @type {import("./lib/contenders.mjs").Contender} */ (
  CONTENDERS.find(({ name }) => name === "worker")
);
const contenders = [
  { ...worker, name: "before", main: await buildRevision(revision) },
  { ...worker, name: "now" },
];
const upstream = startChild("upstream.mjs");
const load = startChild("lib/load.mjs");
/** @type {(() => unknown)[]} */
const stops = [upstream.stop, load.stop];
try {
  const port = await upstream.call("listen");
  const sides = [];
  for (const contender of contenders) {
    const built = await bundle(contender, projectPath(FOLDER));
    const running = await startWorkerd(built, port);
    stops.push(running.stop);
    const arena = { contender, running, upstream, load, settle: async () => {} };
    arena.settle = () => settle(arena);
    await checkBehaviour(arena);
    await runSeries(arena, { ...series, connections: 16, count: 3 * count });
    sides.push({ arena, cpu: /** @type {number[]} */ ([]) });
  }
  for (let round = 0; round < rounds; round++) {
    for (const { arena, cpu } of round % 2 ? sides.toReversed() : sides)
      cpu.push((await runSeries(arena, { ...series, connections: 16, count })).cpu);
  }
  const [before, now] = /** @type {[number[], number[]]} */ (sides.map(({ cpu }) => cpu));
  const differences = now.map((value, i) => value - Number(before[i]));
  console.log(`CPU per request at ${revision}: ${describe(before)} us`);
  console.log(`CPU per request now: ${describe(now)} us`);
  console.log(`difference of the pairs: ${describe(differences)} us`);
} finally {
  for (const stop of stops.reverse()) await stop();
}
