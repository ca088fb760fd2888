// `make demo` tells its story to the end.
import assert from "node:assert/strict";
import { test } from "node:test";
import { run } from "./support.mjs";

test("the demo happens, step by step", async () => {
  const { code, stdout, stderr } = await run("demo.mjs");
  assert.equal(code, 0, stderr + stdout);
  const steps = [...stdout.matchAll(/^ *(\d+)\. /gm)].map(([, number]) => Number(number));
  assert.deepEqual(steps, [1, 2, 3, 4, 5, 6, 7, 8]);
  assert.match(stdout, /\[Embeddings\] Successfully updated resume embedding for user /);
  assert.match(stdout, /Vector +\[-?\d\.\d{4}, [\s\S]*Vector +\[-?\d\.\d{4}, [\s\S]*Vector +NULL/);
  assert.match(stdout, /Status +fresh[\s\S]*Status +empty/);
  assert.match(stdout, /All of it happened/);
});
