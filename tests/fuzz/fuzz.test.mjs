// The fuzz targets as part of the project's test run: a few seconds each, from the committed inputs. `make fuzz` runs them
// for longer.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { dirname } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const SECONDS = 1000;
const FUZZ_SECONDS = "3";

/**
 * @param {string} command
 * @param {string[]} options
 * @param {number} timeout
 */
function run(command, options, timeout) {
  const done = spawnSync(command, options, { cwd: root, encoding: "utf8", timeout });
  return { status: done.status, output: `${done.stdout}${done.stderr}`.trim() };
}

test("fuzz targets", async (t) => {
  const setup = run("sh", ["scripts/setup-native.sh", "fuzz"], 300 * SECONDS);
  assert.equal(setup.status, 0, setup.output);
  const names = readdirSync(`${root}/tests/fuzz`).flatMap((name) => /^fuzz_(\w+)\.c$/.exec(name)?.[1] ?? []);
  assert.ok(names.length > 0);
  const targets = names.map((name) => `build/native/fuzz/${name}`);
  const build = run("make", ["--no-print-directory", "-j2", ...targets], 600 * SECONDS);
  assert.equal(build.status, 0, build.output);
  for (const name of names) {
    await t.test(name, () => {
      const fuzz = run("env", ["FUZZ_SEED=1", "sh", "scripts/fuzz.sh", name, FUZZ_SECONDS], 120 * SECONDS);
      assert.equal(fuzz.status, 0, fuzz.output);
      assert.match(fuzz.output, /Done [1-9]\d* runs/);
    });
  }
});
