// The native unit tests as part of the project's test run: builds them, then runs each module as a test of its own.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { dirname } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const program = "build/native/unit";
const SECONDS = 1000;

test("native unit tests", async (t) => {
  const build = spawnSync("make", ["--no-print-directory", program], {
    cwd: root,
    encoding: "utf8",
    timeout: 600 * SECONDS,
  });
  assert.equal(build.status, 0, `make ${program} failed:\n${build.stdout}${build.stderr}`);
  const modules = execFileSync(program, ["--list"], { cwd: root, encoding: "utf8" }).trim().split("\n");
  for (const name of modules) {
    await t.test(name, () => {
      const run = spawnSync(program, [name], { cwd: root, encoding: "utf8", timeout: 60 * SECONDS });
      assert.equal(run.status, 0, `${run.stdout}${run.stderr}`);
      assert.match(run.stdout, /^[1-9]\d* passed, 0 failed$/m);
    });
  }
});
