// The built worker in the Workers runtime on this machine, in a process of its own (lib/local-worker-process.mjs), for a
// command that needs it for as long as it runs.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Refusal } from "./cli.mjs";
import { spawnGroup } from "./process-group.mjs";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const MODULE = fileURLToPath(new URL("../../build/worker.wasm", import.meta.url));
const PROGRAM = fileURLToPath(new URL("local-worker-process.mjs", import.meta.url));

/** @typedef {{ url: string, close: () => Promise<void>, killGroup: () => void }} LocalWorker */

function requireBuild() {
  if (existsSync(MODULE)) return;
  const { status } = spawnSync("make", ["build"], { cwd: ROOT, stdio: ["ignore", process.stderr.fd, "inherit"] });
  if (status !== 0) throw new Refusal("build/worker.wasm is missing and could not be built: run make to see why.", 2);
}

/**
 * Starts the worker on a free port of loopback, without queue, cron or AI binding.
 * @param {Record<string, string>} vars
 * @param {(level: string, text: string) => void} onLog
 * @returns {Promise<LocalWorker>}
 */
export async function startLocalWorker(vars, onLog) {
  requireBuild();
  const { child, exited, stop, killGroup } = spawnGroup([PROGRAM]);
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text) => (printed = (printed + text).slice(-4000)));
  }
  child.send(vars);
  /** @type {Promise<string>} */
  const ready = new Promise((resolve, reject) => {
    child.on("message", (message) => {
      const { url, log } = /** @type {{ url?: string, log?: { level: string, message: string } }} */ (message);
      if (log) onLog(log.level, log.message);
      if (url) resolve(url);
    });
    exited.then(() => reject(new Refusal(`The worker could not be started here. It printed:\n${printed}`)));
  });
  return { url: await ready, close: stop, killGroup };
}
