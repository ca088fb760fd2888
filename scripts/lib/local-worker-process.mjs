// The program behind lib/local-worker.mjs: the built worker in workerd, through Miniflare. Takes the worker's variables
// as its first message; tells the address and every log line; ends on SIGTERM.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Miniflare } from "miniflare";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const SHIM = join(ROOT, "js-shim");

function modules() {
  const entry = "worker.mjs";
  const others = readdirSync(SHIM).filter((name) => name.endsWith(".mjs") && name !== entry);
  return [
    ...[entry, ...others].map((name) => ({ type: /** @type {const} */ ("ESModule"), path: join(SHIM, name) })),
    { type: /** @type {const} */ ("CompiledWasm"), path: join(ROOT, "build/worker.wasm") },
  ];
}

function compatibilityDate() {
  const text = readFileSync(join(ROOT, "wrangler.toml"), "utf8");
  return /^compatibility_date\s*=\s*"([\d-]+)"/m.exec(text)?.[1];
}

/** @param {unknown} message */
const tell = (message) => process.connected && process.send?.(message);

process.once("message", async (vars) => {
  const miniflare = new Miniflare({
    modulesRoot: ROOT,
    modules: modules(),
    compatibilityDate: compatibilityDate(),
    bindings: /** @type {Record<string, string>} */ (vars),
    host: "127.0.0.1",
    port: 0,
    cf: false,
    handleStructuredLogs: (/** @type {{ level: string, message: string }} */ log) => void tell({ log }),
  });
  process.once("SIGTERM", () => miniflare.dispose().finally(() => process.exit(0)));
  tell({ url: (await miniflare.ready).origin });
});
