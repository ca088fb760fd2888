// Runs in workerd, before and around the worker: lets a test look into the isolate. It keeps the memory of every
// WebAssembly instance, dead ones too, and can set the isolate's clock. The worker itself is the deployed one.

/** @type {WebAssembly.Memory[]} */
const memories = [];
/** @type {{ aheadMs?: number, stoppedAt?: number }} */
let clock = {};

const wasm = /** @type {any} */ (WebAssembly);
wasm.Instance = new Proxy(wasm.Instance, {
  construct(target, args) {
    const instance = Reflect.construct(target, args);
    memories.push(instance.exports.memory);
    return instance;
  },
});

const realNow = Date.now;
Date.now = () => clock.stoppedAt ?? realNow() + (clock.aheadMs ?? 0);

/** Where `part` stands in `bytes`, or -1. @param {Uint8Array} bytes @param {Uint8Array} part */
function indexOf(bytes, part) {
  const first = Number(part[0]);
  for (let at = bytes.indexOf(first); at >= 0; at = bytes.indexOf(first, at + 1)) {
    if (part.every((byte, i) => bytes[at + i] === byte)) return at;
  }
  return -1;
}

/**
 * What each memory holds of some texts.
 * @param {string[]} texts
 * @returns {{ bytes: number, found: string[] }[]} in the order in which the instances were made
 */
function search(texts) {
  const parts = texts.map((text) => new TextEncoder().encode(text));
  return memories.map(({ buffer }) => {
    const bytes = new Uint8Array(buffer);
    return { bytes: bytes.length, found: texts.filter((_, i) => indexOf(bytes, /** @type {any} */ (parts[i])) >= 0) };
  });
}

/** @param {any} worker the deployed entry module's handlers */
export const withWindow = (worker) => ({
  ...worker,
  /** @param {Request} request @param {unknown} env @param {unknown} context */
  async fetch(request, env, context) {
    switch (new URL(request.url).pathname) {
      case "/inside/memories":
        return Response.json(search(/** @type {any} */ (await request.json())));
      case "/inside/collect":
        /** @type {any} */ (globalThis).gc();
        return Response.json(true);
      case "/inside/clock":
        clock = /** @type {any} */ (await request.json());
        return Response.json(Date.now());
      default:
        return worker.fetch(request, env, context);
    }
  },
});
