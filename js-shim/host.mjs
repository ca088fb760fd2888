// The imports of module "host": what include/host.h declares, bridged to the Workers runtime. Nothing is decided here,
// and no function rejects: what fails is a number that the core understands.

import { readBody } from "./body.mjs";
import { verifySignature } from "./keyring.mjs";

const ERROR = { ok: 0, timeout: 1, unreachable: 2, tooLarge: 3, unbound: 4 };
const REPLY = { error: 0, status: 4, retryAfter: 8, body: 16 };
const CALL = { size: 64, texts: 3, body: 24, timeout: 32, limit: 36, reply: 40 };
const AI_CALL = { texts: 3, timeout: 24, limit: 28, reply: 32 };
const JWT = { texts: 6, input: 48, signature: 56 };
const LOG = /** @type {const} */ (["debug", "log", "warn", "error"]);

/** @param {unknown} error */
const errorOf = (error) =>
  error instanceof Error && error.name === "TimeoutError" ? ERROR.timeout : ERROR.unreachable;

/** "name: value" lines as pairs. @param {string} lines @returns {[string, string][]} */
const pairs = (lines) =>
  lines.trimEnd().split("\n").map((line) => {
    const colon = line.indexOf(": ");
    return [line.slice(0, colon), line.slice(colon + 2)];
  });

/** @param {number} ms @param {Promise<void>} work */
function withTimeout(ms, work) {
  /** @type {ReturnType<typeof setTimeout>} */
  let timer;
  const timeout = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new DOMException("", "TimeoutError")), ms);
  });
  return Promise.race([work, timeout]).finally(() => clearTimeout(timer));
}

/** @param {import("../types/shim.js").Instance} instance */
export function createHost(instance) {
  /** @param {number} at @param {Response} response @param {number} limit */
  async function putReply(at, response, limit) {
    const body = await readBody(response, limit);
    instance.memory.setWord(at + REPLY.status, response.status);
    instance.memory.setWord(at + REPLY.error, body ? ERROR.ok : ERROR.tooLarge);
    instance.memory.put(at + REPLY.retryAfter, response.headers.get("retry-after") ?? "");
    instance.memory.put(at + REPLY.body, body ?? "");
  }

  /** @param {number} at */
  async function performCall(at) {
    const { memory } = instance;
    const [method, url, headers] = memory.texts(at, CALL.texts);
    const body = memory.bytes(at + CALL.body);
    const signal = AbortSignal.timeout(memory.word(at + CALL.timeout));
    const init = { method, headers: pairs(headers), body: body.length ? body : null, signal };
    try {
      // A redirect would carry the keys in the headers to wherever it points.
      const response = await fetch(url, { ...init, redirect: "manual" });
      await putReply(at + CALL.reply, response, memory.word(at + CALL.limit));
    } catch (error) {
      memory.setWord(at + CALL.reply + REPLY.error, errorOf(error));
    }
  }

  /** @param {number} at */
  async function runModel(at) {
    const [model, input, gateway] = instance.memory.texts(at, AI_CALL.texts);
    const options = { returnRawResponse: true, ...(gateway && { gateway: { id: gateway } }) };
    const result = await instance.event.env.AI.run(model, JSON.parse(input), options);
    const response = typeof result?.arrayBuffer === "function" ? result : Response.json(result);
    await putReply(at + AI_CALL.reply, response, instance.memory.word(at + AI_CALL.limit));
  }

  const waiting = {
    /** @param {number} calls @param {number} count */
    fetch: (calls, count) => Promise.all(Array.from({ length: count }, (_, i) => performCall(calls + i * CALL.size))),

    /** @param {number} at */
    async ai_run(at) {
      const error = at + AI_CALL.reply + REPLY.error;
      if (!instance.event.env.AI) return instance.memory.setWord(error, ERROR.unbound);
      try {
        // Raced, not aborted: a signal does not cross the binding's RPC.
        await withTimeout(instance.memory.word(at + AI_CALL.timeout), runModel(at));
      } catch (cause) {
        instance.memory.setWord(error, errorOf(cause));
      }
    },

    /** @param {number} at */
    jwt_verify(at) {
      const [alg, kid, kty, crv, jwksUrl, secret] = instance.memory.texts(at, JWT.texts);
      const input = instance.memory.bytes(at + JWT.input);
      const signature = instance.memory.bytes(at + JWT.signature);
      return verifySignature({ alg, kid, kty, crv, jwksUrl, secret, input, signature });
    },

    /** @param {number} bytes @param {number} digest */
    async sha256(bytes, digest) {
      const hash = await crypto.subtle.digest("SHA-256", instance.memory.bytes(bytes));
      instance.memory.range(digest, hash.byteLength).set(new Uint8Array(hash));
    },

    /** @param {number} key */
    async rate_limit(key) {
      try {
        const outcome = await instance.event.env.RATE_LIMITER?.limit({ key: instance.memory.text(key) });
        return outcome?.success === false ? 0 : 1;
      } catch {
        return 1;
      }
    },

    /** @param {number} bodies @param {number} count */
    async queue_send(bodies, count) {
      const queue = instance.event.env.EMBEDDING_QUEUE;
      if (!queue) return ERROR.unbound;
      try {
        await queue.sendBatch(instance.memory.texts(bodies, count).map((body) => ({ body: JSON.parse(body) })));
        return ERROR.ok;
      } catch {
        return ERROR.unreachable;
      }
    },

    /** @param {number} ms */
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),

    /** @param {number} bytes */
    async respond_more(bytes) {
      try {
        await instance.event.writer?.write(instance.memory.bytes(bytes));
        return 1;
      } catch {
        return 0;
      }
    },
  };

  const immediate = {
    /** @param {number} status @param {number} headers @param {number} body @param {number} more */
    respond(status, headers, body, more) {
      /** @type {Uint8Array | ReadableStream | null} */
      let content = instance.memory.bytes(body);
      if (more) {
        const { readable, writable } = new IdentityTransformStream();
        instance.event.writer = writable.getWriter();
        content = readable;
      } else if (content.length === 0) {
        content = null;
      }
      instance.event.respond?.(new Response(content, { status, headers: pairs(instance.memory.text(headers)) }));
    },

    /** @param {number} index */
    message_ack: (index) => instance.event.messages?.[index].ack(),

    /** @param {number} index @param {number} delaySeconds */
    message_retry: (index, delaySeconds) => instance.event.messages?.[index].retry({ delaySeconds }),

    /** @param {number} name @param {number} value */
    var(name, value) {
      const text = instance.event.env[instance.memory.text(name)];
      if (typeof text === "string") instance.memory.put(value, text);
    },

    /** @param {number} name */
    bound: (name) => (instance.event.env[instance.memory.text(name)] ? 1 : 0),

    now_ms: () => Date.now(),

    /** @param {number} at @param {number} count */
    random: (at, count) => void crypto.getRandomValues(instance.memory.range(at, count)),

    /** @param {number} level @param {number} text */
    log: (level, text) => console[LOG[level]](instance.memory.text(text)),
  };

  const suspending = Object.entries(waiting).map(([name, call]) => [name, new WebAssembly.Suspending(call)]);
  return { ...Object.fromEntries(suspending), ...immediate };
}
