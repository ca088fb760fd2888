// A Node.js program as a child with a process group of its own: Ctrl-C reaches this process alone, all that the child
// started is ended with it, and it does not outlive this process, however that ends.
import { spawn } from "node:child_process";

// A well-behaved child needs less than a second; what hangs is ended by force.
const STOP_DEADLINE_MS = 5_000;
const END_WITH_PARENT = 'data:text/javascript,process.on("disconnect",()=>process.kill(process.pid,"SIGTERM"))';

/** @typedef {ReturnType<typeof spawnGroup>} ProcessGroup */

/**
 * @param {string[]} args for node
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 */
export function spawnGroup(args, options) {
  const child = spawn(process.execPath, ["--no-warnings", "--import", END_WITH_PARENT, ...args], {
    ...options,
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    detached: true,
  });
  /** @type {Promise<void>} */
  const exited = new Promise((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  const killGroup = () => {
    try {
      if (child.pid) process.kill(-child.pid, "SIGKILL");
    } catch {
      // Nothing of it is left.
    }
  };
  const stop = async () => {
    child.kill("SIGTERM");
    const timer = setTimeout(killGroup, STOP_DEADLINE_MS);
    await exited;
    clearTimeout(timer);
    killGroup();
  };
  return { child, exited, stop, killGroup };
}
