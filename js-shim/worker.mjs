// The Worker: hands each event to the core and sees that it ends, whatever happens inside.

import module from "../build/worker.wasm";
import { readBody } from "./body.mjs";
import { headersOf, jsonOf } from "./host.mjs";
import { createInstance, keepInstance, withInstance } from "./instance.mjs";

const MESSAGE = { size: 12, body: 0, attempts: 8 };
const BODY = { complete: 0, tooLarge: 1, broken: 2 };

const first = createInstance(module);
const { core, memory } = first;
const headerNames = memory.text(core.header_names()).split(",");
const bodyLimit = core.body_limit();
const [failureHeaders, failureBody] = memory.texts(core.failure(), 2);
keepInstance(first);

/** @param {Request} request @param {any} env @param {(response: Response) => void} respond */
async function serve(request, env, respond) {
  const event = /** @type {import("../types/shim.js").Event} */ ({ env, respond });
  try {
    const body = await readBody(request, bodyLimit).catch(() => undefined);
    const state = body ? BODY.complete : body === null ? BODY.tooLarge : BODY.broken;
    await withInstance(module, event, (instance) => {
      const texts = [request.method, request.url, ...headerNames.map((name) => request.headers.get(name) ?? "")];
      const bodyAt = texts.length * 8;
      const at = instance.core.alloc(bodyAt + 12);
      texts.forEach((text, i) => instance.memory.put(at + i * 8, text));
      instance.memory.put(at + bodyAt, body ?? "");
      instance.memory.setWord(at + bodyAt + 8, state);
      return instance.fetch(at);
    });
  } catch (error) {
    console.error(`[Worker] The core failed: ${error}`);
  }
  event.respond?.(new Response(failureBody, { status: 500, headers: headersOf(failureHeaders) }));
  event.writer?.close().catch(() => {});
}

export default {
  /** @param {Request} request @param {any} env @param {ExecutionContext} ctx @returns {Promise<Response>} */
  fetch: (request, env, ctx) => new Promise((respond) => ctx.waitUntil(serve(request, env, respond))),

  /** @param {MessageBatch<unknown>} batch @param {any} env */
  async queue(batch, env) {
    const { messages } = batch;
    try {
      await withInstance(module, { env, messages }, (instance) => {
        const at = instance.core.alloc(messages.length * MESSAGE.size);
        messages.forEach(({ body, attempts }, i) => {
          instance.memory.put(at + i * MESSAGE.size + MESSAGE.body, typeof body === "string" ? body : jsonOf(body));
          instance.memory.setWord(at + i * MESSAGE.size + MESSAGE.attempts, attempts);
        });
        return instance.queue(at, messages.length);
      });
    } catch (error) {
      console.error(`[Worker] The core failed: ${error}`);
      // Messages that have their fate already keep it.
      batch.retryAll();
    }
  },

  /** @param {ScheduledController} _controller @param {any} env */
  scheduled: (_controller, env) => withInstance(module, { env }, (instance) => instance.scheduled()),
};
