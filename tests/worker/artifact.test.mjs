// What is deployed: the module's imports, the size of the upload, the size of the shim.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { ROOT } from "../lib/worker.mjs";

const MAX_UPLOAD_KIB = 40;
const MAX_SHIM_LINES = 400;

/** @returns {Promise<{ module: string, name: string, kind: string }[]>} */
async function importsOfModule() {
  const { Module } = /** @type {any} */ (WebAssembly);
  return Module.imports(new Module(await readFile(join(ROOT, "build/worker.wasm"))));
}

test("the module imports from host alone, exactly what host.mjs provides", async () => {
  const imports = await importsOfModule();
  assert.deepEqual([...new Set(imports.map(({ module }) => module))], ["host"]);
  assert.ok(imports.every(({ kind }) => kind === "function"));
  // Node has no JSPI by default; the names are what matters here.
  Reflect.set(WebAssembly, "Suspending", function Suspending() {});
  const { createHost } = await import(new URL("../../js-shim/host.mjs", import.meta.url).href);
  const provided = Object.keys(createHost(/** @type {any} */ ({ event: null })));
  assert.deepEqual(imports.map(({ name }) => name).sort(), provided.sort());
});

test("every function of include/host.h is an import", async () => {
  const header = await readFile(join(ROOT, "include/host.h"), "utf8");
  const declared = [...header.matchAll(/^[a-z_0-9]+ host_(\w+)\(/gm)].map(([, name]) => name);
  const names = (await importsOfModule()).map(({ name }) => name);
  assert.ok(declared.length >= 14, declared.join());
  assert.deepEqual(names.sort(), declared.sort());
});

test(`js-shim has fewer than ${MAX_SHIM_LINES} lines`, async () => {
  const files = await readdir(join(ROOT, "js-shim"));
  const texts = await Promise.all(files.map((name) => readFile(join(ROOT, "js-shim", name), "utf8")));
  const lines = texts.reduce((sum, text) => sum + text.split("\n").length - 1, 0);
  assert.ok(lines < MAX_SHIM_LINES, `${lines} lines`);
});

test(`wrangler deploy --dry-run uploads at most ${MAX_UPLOAD_KIB} KiB gzipped`, async () => {
  const wrangler = join(ROOT, "node_modules/wrangler/bin/wrangler.js");
  const { stdout } = await promisify(execFile)(process.execPath, [wrangler, "deploy", "--dry-run"], {
    cwd: ROOT,
    env: { ...process.env, WRANGLER_SEND_METRICS: "false", CI: "true" },
  });
  const [, size] = /gzip: ([\d.]+) KiB/.exec(stdout) ?? assert.fail(stdout);
  assert.ok(Number(size) <= MAX_UPLOAD_KIB, `${size} KiB`);
});
