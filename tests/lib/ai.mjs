// The double of Workers AI: what Cloudflare's binding and REST API answer for a text embedding model, errors included.
// Models' input schema: https://developers.cloudflare.com/workers-ai/models/bge-base-en-v1.5/
// Errors: https://developers.cloudflare.com/workers-ai/platform/errors/
import { createServer } from "node:http";
import { answerWithFault, Faults, listenOnLoopback, readBody } from "./faults.mjs";
import { mockVector } from "./mock-embedding.mjs";

export const AI_MODEL = "@cf/baai/bge-base-en-v1.5";
export const AI_ACCOUNT = "0123456789abcdef0123456789abcdef";
export const AI_TOKEN = "workers-ai-token-of-the-tests";

/** @type {Record<string, number>} */
const DIMENSIONS = {
  "@cf/baai/bge-base-en-v1.5": 768,
  "@cf/baai/bge-small-en-v1.5": 384,
  "@cf/baai/bge-large-en-v1.5": 1024,
};

/** @type {Record<number, { internalCode: number, name: string, description: string }>} */
const ERRORS = {
  400: { internalCode: 5006, name: "AiError", description: "AiError: Bad input: Error: oneOf at '/' not met" },
  404: { internalCode: 3042, name: "Invalid model ID", description: "The model name is invalid" },
  408: { internalCode: 3007, name: "Timeout", description: "Request timeout" },
  413: { internalCode: 3006, name: "Request too large", description: "Request is too large" },
  429: { internalCode: 3040, name: "Out of capacity", description: "Capacity temporarily exceeded, please try again." },
};
const INTERNAL_ERROR = { internalCode: 8001, name: "Internal server error", description: "secret words of the model" };
const NO_SUCH_MODEL = { internalCode: 5007, name: "No such model", description: "No such model or task" };

/**
 * @typedef {object} AiCall
 * @property {"binding" | "rest"} via
 * @property {string} model
 * @property {string[]} texts
 * @property {string} pooling as asked for
 * @property {string | undefined} gateway
 * @property {number} status as answered; 0 for none
 */

/**
 * The vector that the double gives: the mock provider's for `mean`, and another one for `cls`.
 * @param {string} text
 * @param {string} [pooling]
 * @param {number} [dimensions]
 */
export function aiVector(text, pooling = "mean", dimensions = 768) {
  const vector = mockVector(text);
  const turned = pooling === "cls" ? [...vector.slice(1), Number(vector[0])] : vector;
  return dimensions <= 768 ? turned.slice(0, dimensions) : [...turned, ...Array(dimensions - 768).fill(0)];
}

/** An answer whose vectors a function has changed. @param {(data: any[][]) => unknown[]} change */
export const changedData = (change) => ({
  kind: /** @type {const} */ ("answer"),
  change: (/** @type {import("./faults.mjs").Answer} */ answer) => {
    const body = JSON.parse(String(answer.body));
    const result = body.result ?? body;
    result.data = change(result.data);
    return { ...answer, body: JSON.stringify(body) };
  },
});

export const VECTOR_FAULTS = {
  tooFewNumbers: changedData((data) => data.map((vector) => vector.slice(1))),
  notANumber: changedData((data) => data.map((vector) => [null, ...vector.slice(1)])),
  allZero: changedData((data) => data.map((vector) => vector.map(() => 0))),
  oneTooMany: changedData((data) => [...data, data[0]]),
  noneAtAll: changedData(() => []),
};

export async function startAi() {
  /** @type {Faults<AiCall>} */
  const faults = new Faults();
  /** @type {AiCall[]} */
  const calls = [];
  const state = { refusedWord: "" };
  const server = createServer({ keepAliveTimeout: 0 }, async (request, response) => {
    try {
      const call = readCall(request, await readBody(request));
      if (!call) return void response.writeHead(404).end();
      if (call.via === "rest" && request.headers.authorization !== `Bearer ${AI_TOKEN}`) {
        const errors = [{ code: 10000, message: "Authentication error" }];
        response.writeHead(401, { "content-type": "application/json" });
        return void response.end(JSON.stringify({ success: false, errors, messages: [], result: null }));
      }
      calls.push(call);
      const perform = () => answer(call, state.refusedWord);
      call.status = await answerWithFault(response, faults.next(call), perform, (status) =>
        errorBody(call, ERRORS[status] ?? INTERNAL_ERROR),
      );
    } catch {
      response.destroy();
    }
  });
  const { port, close } = await listenOnLoopback(server);
  return {
    port,
    /** For WORKERS_AI_BASE_URL. */
    restUrl: `http://127.0.0.1:${port}/client/v4`,
    calls,
    faults,
    /** From now on a text with this word in it is refused, and the whole call with it. @param {string} word */
    refuse: (word) => {
      state.refusedWord = word;
    },
    close,
  };
}

/**
 * @param {import("node:http").IncomingMessage} request
 * @param {Buffer} body
 * @returns {AiCall | null}
 */
function readCall(request, body) {
  const url = String(request.url);
  const rest = /^\/client\/v4\/accounts\/([^/]+)\/ai\/run\/(.+)$/.exec(url);
  if (request.method !== "POST" || (rest && rest[1] !== AI_ACCOUNT)) return null;
  if (!rest && !/^\/(ai-gateway\/)?run\?version=3$/.test(url)) return null;
  const parsed = JSON.parse(body.toString());
  const input = rest ? parsed : parsed.inputs;
  return {
    via: rest ? "rest" : "binding",
    model: rest ? decodeURIComponent(String(rest[2])) : String(request.headers["cf-consn-model-id"]),
    texts: input?.text,
    pooling: input?.pooling ?? "mean",
    gateway: rest ? request.headers["cf-aig-gateway-id"]?.toString() : parsed.options?.gateway?.id,
    status: 0,
  };
}

/** @param {AiCall} call @param {{ internalCode: number, name: string, description: string }} error */
function errorBody(call, error) {
  if (call.via === "binding") return error;
  const errors = [{ code: error.internalCode, message: `AiError: ${error.description}` }];
  return { result: {}, success: false, errors, messages: [] };
}

/** @param {AiCall} call @param {string} refusedWord */
function refusal({ model, texts, pooling }, refusedWord) {
  if (!(model in DIMENSIONS)) return { status: 400, error: NO_SUCH_MODEL };
  const good =
    Array.isArray(texts) &&
    texts.length <= 100 &&
    texts.every((text) => typeof text === "string" && text.length > 0) &&
    ["mean", "cls"].includes(pooling);
  const refused = good && refusedWord !== "" && texts.some((text) => text.includes(refusedWord));
  return good && !refused ? null : { status: 400, error: /** @type {any} */ (ERRORS)[400] };
}

/** @param {AiCall} call @param {string} refusedWord @returns {import("./faults.mjs").Answer} */
function answer(call, refusedWord) {
  const headers = { "content-type": "application/json", "cf-ai-req-id": "0b7c8c1e-test" };
  const refused = refusal(call, refusedWord);
  if (refused) return { status: refused.status, headers, body: JSON.stringify(errorBody(call, refused.error)) };
  const dimensions = Number(DIMENSIONS[call.model]);
  const data = call.texts.map((text) => aiVector(text, call.pooling, dimensions));
  const result = { shape: [data.length, dimensions], data, pooling: call.pooling };
  const body = call.via === "binding" ? result : { result, success: true, errors: [], messages: [] };
  return { status: 200, headers, body: JSON.stringify(body) };
}
