// Calls into a child process: the parent names a function, the child answers.
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";

/**
 * Starts `module` (relative to bench/) as a child.
 * @param {string} module
 */
export function startChild(module) {
  const child = fork(fileURLToPath(new URL(`../${module}`, import.meta.url)), {
    serialization: "advanced",
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  /** @type {Map<number, {resolve: (value: any) => void, reject: (error: Error) => void}>} */
  const waiting = new Map();
  let next = 0;
  child.on("message", (/** @type {any} */ { id, result, error }) => {
    const call = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) call?.resolve(result);
    else call?.reject(new Error(error));
  });
  child.on("exit", (code) => {
    for (const { reject } of waiting.values()) reject(new Error(`${module} ended with ${code}`));
    waiting.clear();
  });
  return {
    /** @param {string} name @param {any} [args] @returns {Promise<any>} */
    call(name, args) {
      return new Promise((resolve, reject) => {
        const id = next++;
        waiting.set(id, { resolve, reject });
        child.send({ id, name, args });
      });
    },
    stop: () => void child.kill(),
  };
}

/** The child's side. @param {Record<string, (args: any) => any>} functions */
export function serveParent(functions) {
  // A parent that has been stopped takes no answer, and "disconnect" follows.
  const send = (/** @type {any} */ message) => process.send?.(message, undefined, {}, () => {});
  process.on("message", async (/** @type {any} */ { id, name, args }) => {
    try {
      send({ id, result: await functions[name]?.(args) });
    } catch (error) {
      send({ id, error: String(/** @type {Error} */ (error).stack ?? error) });
    }
  });
  process.on("disconnect", () => process.exit(0));
}
