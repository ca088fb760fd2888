// The worker with a window into its isolate (inside.mjs), and the build of it that traps on demand (trap.c).
import { spawnSync } from "node:child_process";
import { existsSync, globSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { deployedModules, ROOT } from "../../lib/worker.mjs";

const WITHOUT = ["src/embedding/mock.c", "src/profile/embedding_status.c"];
const TRAP = "tests/trust/trap.c";
const OUT = "build/test/worker-trap.wasm";
const ENTRY = `
  import { withWindow } from "./inside.mjs";
  import worker from "../../../js-shim/worker.mjs";
  export default withWindow(worker);
`;

const esModule = (/** @type {string} */ path, /** @type {string} */ contents) => ({
  type: "ESModule",
  path: join(ROOT, path),
  contents,
});

/**
 * The deployed modules behind an entry that opens the window.
 * @param {{ wasm?: string }} [options] another build of the module, relative to the root
 */
export function modulesWithWindow({ wasm = "build/worker.wasm" } = {}) {
  const module = {
    type: "CompiledWasm",
    path: join(ROOT, "build/worker.wasm"),
    contents: readFileSync(join(ROOT, wasm)),
  };
  return [
    esModule("tests/trust/lib/entry.mjs", ENTRY),
    esModule("tests/trust/lib/inside.mjs", readFileSync(join(ROOT, "tests/trust/lib/inside.mjs"), "utf8")),
    ...deployedModules().filter(({ type }) => type === "ESModule"),
    module,
  ];
}

/** Builds the module that traps on demand, unless it is newer than all that it is made of. */
export function buildTrap() {
  const sources = globSync(["src/**/*.c", "include/**/*.h", TRAP, "scripts/build.mjs"], { cwd: ROOT });
  const age = (/** @type {string} */ file) => statSync(join(ROOT, file)).mtimeMs;
  if (existsSync(join(ROOT, OUT)) && sources.every((file) => age(file) < age(OUT))) return OUT;
  const args = ["--with", TRAP, ...WITHOUT.flatMap((file) => ["--without", file]), "--out", OUT];
  const build = spawnSync(process.execPath, [join(ROOT, "scripts/build.mjs"), ...args], {
    cwd: ROOT,
    encoding: "utf8",
  });
  if (build.status !== 0) throw new Error(`The test build failed:\n${build.stdout}${build.stderr}`);
  return OUT;
}

/**
 * The window of a worker that was started with these modules.
 * @param {Pick<import("../../lib/worker.mjs").Worker, "fetch">} worker
 */
export function windowOf(worker) {
  const ask = async (/** @type {string} */ what, /** @type {unknown} */ body) =>
    (await worker.fetch(`/inside/${what}`, { method: "POST", body: JSON.stringify(body) })).json();
  return {
    /** @param {string[]} texts @returns {Promise<{ bytes: number, found: string[] }[]>} one for each instance ever made */
    search: async (texts) => /** @type {any} */ (await ask("memories", texts)),
    /** Collects garbage; needs V8's --expose-gc. */
    collectGarbage: () => ask("collect", null),
    /** Sets the isolate's clock ahead of the real one. @param {number} aheadMs */
    setClockAhead: (aheadMs) => ask("clock", { aheadMs }),
    /** @param {number} stoppedAt milliseconds since 1970 */
    stopClock: (stoppedAt) => ask("clock", { stoppedAt }),
  };
}
