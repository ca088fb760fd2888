// The pool of WebAssembly instances. One instance runs one event at a time; idle ones are kept for the next.

import { createHost } from "./host.mjs";
import { createMemory } from "./memory.mjs";

// Of the 128 MB of a Worker (https://developers.cloudflare.com/workers/platform/limits/#memory): forty as they begin.
const MAX_IDLE_BYTES = 16 * 1024 * 1024;

/** @type {import("../types/shim.js").Instance[]} */
const idle = [];

/** @param {WebAssembly.Module} module */
export function createInstance(module) {
  const memory = createMemory(() => instance.core);
  const instance = /** @type {import("../types/shim.js").Instance} */ ({ memory });
  // A copy: each instance's exports are an object of a kind of its own, which would make every use of them a slow one.
  instance.core = /** @type {any} */ ({ ...new WebAssembly.Instance(module, { host: createHost(instance) }).exports });
  instance.fetch = WebAssembly.promising(instance.core.fetch);
  instance.queue = WebAssembly.promising(instance.core.queue);
  instance.scheduled = WebAssembly.promising(instance.core.scheduled);
  return instance;
}

/** Runs one event on an instance of its own. An instance that trapped is dropped with all that it held. */
/** @type {import("../types/shim.js").WithInstance} */
export async function withInstance(module, event, run) {
  const instance = idle.pop() ?? createInstance(module);
  instance.event = event;
  await run(instance);
  instance.core.end();
  keepInstance(instance);
}

/** Keeps an instance that no event uses. @param {import("../types/shim.js").Instance} instance */
export function keepInstance(instance) {
  instance.event = { env: null };
  if (instance.core.memory.buffer.byteLength <= MAX_IDLE_BYTES) idle.push(instance);
  while (idle.reduce((sum, { core }) => sum + core.memory.buffer.byteLength, 0) > MAX_IDLE_BYTES) idle.shift();
}
