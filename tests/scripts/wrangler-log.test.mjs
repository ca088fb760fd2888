// What is kept of wrangler's output; the lines are wrangler's own.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createLogReader } from "../../scripts/lib/wrangler-log.mjs";

/** @param {string[]} lines */
const read = (lines) => lines.map(createLogReader()).filter((line) => line !== null);

test("the worker's lines keep their level and lose wrangler's frame", () => {
  const warning =
    "\u001b[33m▲ \u001b[43;33m[\u001b[43;30mWARNING\u001b[43;33m]\u001b[0m \u001b[1m[Auth] Refused\u001b[0m";
  assert.deepEqual(read(["[Profile] Updated", warning, "", "✘ [ERROR] [Embeddings] Failed", ""]), [
    { level: "log", source: "worker", text: "[Profile] Updated" },
    { level: "warn", source: "worker", text: "[Auth] Refused" },
    { level: "error", source: "worker", text: "[Embeddings] Failed" },
  ]);
});

test("banner, bindings and requests are left out", () => {
  const noise = [
    "Your Worker has access to the following bindings:",
    "Binding                                          Resource                  Mode",
    'env.ENVIRONMENT ("local")                        Environment Variable      local',
    "⎔ Starting local server...",
    "[wrangler:info] Ready on http://127.0.0.1:8787",
    "[wrangler:info] GET /health 200 OK (15ms)",
    "The file src changed, restarting build...",
    "[custom build] Running: make build",
    "[custom build] ",
  ];
  assert.deepEqual(read(noise), []);
});

test("of a failed build, the compiler's words stay and wrangler's dump of them goes", () => {
  const lines = [
    "[custom build] src/core.c:12:3: error: expected ';'",
    "✘ [ERROR] Error: Command failed with exit code 2: make build",
    "",
    "  src/core.c:12:3: error: expected ';'",
    "      at makeError (cli.js:164732:19) {",
    "    exitCode: 2",
    "  }",
    "✘ [ERROR] Running custom build `make build` failed. There are likely more logs from your build command above.",
  ];
  assert.deepEqual(read(lines), [
    { level: "log", source: "build", text: "src/core.c:12:3: error: expected ';'" },
    { level: "error", source: "build", text: "The build failed: requests wait until one succeeds." },
  ]);
});

test("wrangler's own errors stay whole", () => {
  const lines = [
    "✘ [ERROR] Build failed with 1 error:",
    "",
    '  ✘ [ERROR] Could not resolve "./gone.mjs"',
    "⎔ Reloading",
  ];
  assert.deepEqual(
    read(lines).map(({ text }) => text),
    ["Build failed with 1 error:", '  ✘ [ERROR] Could not resolve "./gone.mjs"'],
  );
});
