// The imports of module "host": what include/host.h declares, bridged to the Workers runtime. Nothing is decided here,
// and no function rejects: what fails is a number that the core understands.

import { readBody } from "./body.mjs";
import { verifySignature } from "./keyring.mjs";

const ERROR = { ok: 0, timeout: 1, unreachable: 2, tooLarge: 3, unbound: 4 };
const REPLY = { error: 0, status: 4, retryAfter: 8, body: 16 };
const CALL = { size: 64, texts: 3, body: 24, timeout: 32, limit: 36, reply: 40 };
const AI_CALL = { texts: 3, timeout: 24, limit: 28, reply: 32 };
const JWT = { texts: 6, input: 48, signature: 56, lifetime: 64, coolDown: 68, timeout: 72, limit: 76 };
const LOG = /** @type {const} */ (["debug", "log", "warn", "error"]);

/** "name: value" lines as an object, which the runtime takes in half the time of pairs. @param {string} lines */
export function headersOf(lines) {
  const at = (/** @type {string} */ line) => line.indexOf(": ");
  const pairs = lines.split("\n").map((line) => [line.slice(0, at(line)), line.slice(at(line) + 2)]);
  return Object.fromEntries(pairs.slice(0, -1));
}

/** A value as JSON; empty for what JSON does not have. @param {unknown} value */
export function jsonOf(value) {
  try {
    return JSON.stringify(value) ?? "";
  } catch {
    return "";
  }
}

/** @param {import("../types/shim.js").Instance} instance */
export function createHost(instance) {
  const { memory } = instance;
  // `work` must not touch the memory: when it is late, that is another event's.
  /** @param {number} at @param {number} ms @param {number} limit @param {() => Promise<Response>} work */
  async function putReply(at, ms, limit, work) {
    const read = work().then(async (response) => ({ response, body: await readBody(response, limit) }));
    let timer = 0;
    const late = new Promise((_, reject) => (timer = setTimeout(reject, ms, ERROR.timeout)));
    try {
      const { response, body } = await Promise.race([read, /** @type {Promise<never>} */ (late)]);
      memory.setWord(at + REPLY.status, response.status);
      memory.setWord(at + REPLY.error, body ? ERROR.ok : ERROR.tooLarge);
      memory.put(at + REPLY.retryAfter, response.headers.get("retry-after") ?? "");
      memory.put(at + REPLY.body, body ?? "");
    } catch (error) {
      memory.setWord(at + REPLY.error, error === ERROR.timeout ? ERROR.timeout : ERROR.unreachable);
      if (error === ERROR.timeout) instance.event.calls = void instance.event.calls?.abort();
    }
    clearTimeout(timer);
  }

  /** @param {number} at */
  function performCall(at) {
    const [method, url, lines] = memory.texts(at, CALL.texts);
    const bytes = memory.bytes(at + CALL.body);
    const body = bytes.length ? bytes : null;
    // One signal for all calls of the event; the timer of each is in putReply.
    const { signal } = (instance.event.calls ??= new AbortController());
    // A redirect would carry the keys in the headers to wherever it points.
    const call = async () => fetch(url, { method, headers: headersOf(lines), body, signal, redirect: "manual" });
    return putReply(at + CALL.reply, memory.word(at + CALL.timeout), memory.word(at + CALL.limit), call);
  }

  /** @param {number} at */
  async function runModel(at) {
    const [model, input, gateway] = memory.texts(at, AI_CALL.texts);
    const options = { returnRawResponse: true, ...(gateway && { gateway: { id: gateway } }) };
    const result = await instance.event.env.AI.run(model, JSON.parse(input), options);
    return typeof result?.arrayBuffer === "function" ? result : Response.json(result);
  }

  /** @type {import("../types/shim.js").WaitingImports} */
  const waiting = {
    fetch: (calls, count) => Promise.all(Array.from({ length: count }, (_, i) => performCall(calls + i * CALL.size))),

    async ai_run(at) {
      if (!instance.event.env.AI) return memory.setWord(at + AI_CALL.reply + REPLY.error, ERROR.unbound);
      const [timeout, limit] = [memory.word(at + AI_CALL.timeout), memory.word(at + AI_CALL.limit)];
      await putReply(at + AI_CALL.reply, timeout, limit, () => runModel(at));
    },

    jwt_verify(at) {
      const [alg, kid, kty, crv, jwksUrl, secret] = memory.texts(at, JWT.texts);
      const input = memory.bytes(at + JWT.input);
      const signature = memory.bytes(at + JWT.signature);
      const [lifetime, coolDown] = [memory.word(at + JWT.lifetime), memory.word(at + JWT.coolDown)];
      const [timeout, limit] = [memory.word(at + JWT.timeout), memory.word(at + JWT.limit)];
      const keeping = { lifetime, coolDown, timeout, limit };
      return verifySignature({ alg, kid, kty, crv, jwksUrl, secret, input, signature, ...keeping });
    },

    async sha256(bytes, digest) {
      const hash = await crypto.subtle.digest("SHA-256", memory.bytes(bytes));
      memory.range(digest, hash.byteLength).set(new Uint8Array(hash));
    },

    async rate_limit(key) {
      try {
        const outcome = await instance.event.env.RATE_LIMITER?.limit({ key: memory.text(key) });
        return outcome?.success === false ? 0 : 1;
      } catch {
        return 1;
      }
    },

    async queue_send(bodies, count) {
      const queue = instance.event.env.EMBEDDING_QUEUE;
      if (!queue) return ERROR.unbound;
      try {
        await queue.sendBatch(memory.texts(bodies, count).map((text) => ({ body: JSON.parse(text) })));
        return ERROR.ok;
      } catch {
        return ERROR.unreachable;
      }
    },

    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),

    async respond_more(bytes) {
      const written = instance.event.writer?.write(memory.bytes(bytes)).then(() => 1);
      return written?.catch(() => 0) ?? 0;
    },
  };

  /** @type {import("../types/shim.js").ImmediateImports} */
  const immediate = {
    respond(status, headers, body, more) {
      const stream = more ? new IdentityTransformStream() : null;
      const bytes = memory.bytes(body);
      const content = stream?.readable ?? (bytes.length ? bytes : null);
      instance.event.writer = stream?.writable.getWriter();
      instance.event.respond?.(new Response(content, { status, headers: headersOf(memory.text(headers)) }));
      instance.event.respond = undefined;
    },
    message_ack: (index) => instance.event.messages?.[index].ack(),
    message_retry: (index, delaySeconds) => instance.event.messages?.[index].retry({ delaySeconds }),
    var(name, value) {
      const text = instance.event.env[memory.text(name)];
      if (typeof text === "string") memory.put(value, text);
    },
    bound: (name) => (instance.event.env[memory.text(name)] ? 1 : 0),
    now_ms: () => Date.now(),
    random: (at, count) => void crypto.getRandomValues(memory.range(at, count)),
    log: (level, text) => console[LOG[level]](memory.text(text)),
  };

  const suspending = Object.entries(waiting).map(([name, call]) => [name, new WebAssembly.Suspending(call)]);
  return { ...Object.fromEntries(suspending), ...immediate };
}
