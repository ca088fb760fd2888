// The benchmark starts, finishes on tiny counts and writes its files. No time is asserted.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const scriptOf = (/** @type {string} */ name) => fileURLToPath(new URL(`../../bench/${name}`, import.meta.url));
const TIMEOUT_MS = 300_000;
const CONTENDERS = ["hono", "hono-local", "floor", "worker", "worker-queue"];

/** @type {string} */
let out;

before(async () => {
  out = await mkdtemp(join(tmpdir(), "bench-test-"));
});

after(() => rm(out, { recursive: true, force: true }));

/** @param {string} name @param {string[]} args @returns {Promise<{code: number, stdout: string, stderr: string}>} */
async function script(name, args) {
  try {
    return { code: 0, ...(await run(process.execPath, [scriptOf(name), ...args], { timeout: TIMEOUT_MS })) };
  } catch (error) {
    return /** @type {any} */ (error);
  }
}

const bench = (/** @type {string[]} */ ...args) => script("run.mjs", args);
const compare = (/** @type {string[]} */ ...args) => script("compare.mjs", args);

test("a quick run measures every contender and writes its files", async () => {
  const { code, stdout, stderr } = await bench("--quick", "--out", out);
  assert.equal(code, 0, stderr);
  const { machine, versions, results, targets } = JSON.parse(await readFile(join(out, "bench.json"), "utf8"));
  assert.ok(machine.cores > 0);
  assert.match(versions.workerd, /^\d/);
  for (const name of CONTENDERS) {
    for (const metric of ["edit_cpu", "p50_1_0", "p99_16_20", "subrequests", "upload"]) {
      assert.ok(Number.isFinite(results[name][metric].median), `${name} has no ${metric}`);
    }
  }
  assert.ok(results.worker.backfill_rate.median > 0);
  assert.ok(results.script.backfill_rate.median > 0);
  for (const { title, ratio } of targets) assert.ok(Number.isFinite(ratio), `${title} has no ratio`);
  assert.match(stdout, /CPU per edit, direct, to hono/);
  for (const plot of ["benchmarks.svg", "benchmarks-scaling.svg"]) {
    const svg = await readFile(join(out, plot), "utf8");
    assert.match(svg, /^<svg [^>]*[\s\S]*<\/svg>\s*$/);
    assert.ok(!svg.includes("NaN"), `${plot} has a coordinate that is not a number`);
  }
});

test("the counts do not depend on the machine", async () => {
  const { results } = JSON.parse(await readFile(join(out, "bench.json"), "utf8"));
  assert.equal(results.hono.subrequests.median, 6);
  assert.equal(results["hono-local"].subrequests.median, 5);
  assert.equal(results.floor.subrequests.median, 3);
  assert.equal(results.worker.subrequests.median, 3);
  for (const name of ["hono", "hono-local", "floor", "worker"]) assert.equal(results[name].ai_calls.median, 1);
});

test("a mistaken option ends with one sentence", async () => {
  for (const args of [["--only", "nothing"], ["--contenders", "nobody"], ["--rounds", "0"], ["--what"]]) {
    const { code, stderr } = await bench(...args);
    assert.equal(code, 2, stderr);
    assert.equal(stderr.trim().split("\n").length, 1, stderr);
  }
});

test("--help explains the options", async () => {
  const { code, stdout } = await bench("--help");
  assert.equal(code, 0);
  for (const option of ["--rounds", "--only", "--contenders", "--quick", "--out"]) assert.ok(stdout.includes(option));
});

test("this worker is compared with itself at another revision", async () => {
  const { code, stdout, stderr } = await compare("HEAD", "--series", "invalid", "--rounds", "1", "--count", "10");
  assert.equal(code, 0, stderr);
  assert.match(stdout, /at HEAD: \d+ us\n.* now: \d+ us\ndifference of the pairs: -?\d+ us\n$/);
});

test("what cannot be compared ends with one sentence", async () => {
  for (const args of [[], ["no-such-revision"], ["HEAD", "--series", "none"], ["HEAD", "--rounds", "0"], ["--what"]]) {
    const { code, stderr } = await compare(...args);
    assert.equal(code, 2, stderr);
    assert.equal(stderr.trim().split("\n").length, 1, stderr);
  }
});
