// An HTTP proxy in front of the embedded Supabase: records every call, and fails those it is told to.
// Without an upstream it answers only what its rules say, and 404 otherwise.
import { Agent, createServer, request as httpRequest } from "node:http";
import { answerWithFault, Faults, listenOnLoopback, readBody } from "./faults.mjs";

/**
 * @typedef {object} UpstreamCall
 * @property {string} method
 * @property {string} path without the query
 * @property {URLSearchParams} query
 * @property {import("node:http").IncomingHttpHeaders} headers
 * @property {string} body
 * @property {number} status as answered; 0 for none
 */

const postgrestError = (/** @type {number} */ status) => ({
  code: status === 429 ? "429" : "XX000",
  message: "secret words of the database",
  details: null,
  hint: null,
});

/**
 * @param {string | null} upstream base URL
 */
export async function startFaultProxy(upstream) {
  const agent = new Agent({ keepAlive: true });
  /** @type {Faults<UpstreamCall>} */
  const faults = new Faults();
  /** @type {UpstreamCall[]} */
  const calls = [];
  const server = createServer({ keepAliveTimeout: 0 }, async (request, response) => {
    try {
      const body = await readBody(request);
      const url = new URL(String(request.url), "http://proxy");
      /** @type {UpstreamCall} */
      const call = {
        method: String(request.method),
        path: url.pathname,
        query: url.searchParams,
        headers: request.headers,
        body: body.toString(),
        status: 0,
      };
      calls.push(call);
      const perform = () => (upstream ? forward(agent, upstream, request, body) : nothingHere());
      call.status = await answerWithFault(response, faults.next(call), perform, postgrestError);
    } catch {
      response.destroy();
    }
  });
  const { port, close } = await listenOnLoopback(server);
  return {
    url: `http://127.0.0.1:${port}`,
    calls,
    faults,
    /** The calls since, as "METHOD table" or "METHOD rpc/function", in order. @param {number} [from] */
    summary: (from = 0) =>
      calls.slice(from).map(({ method, path }) => `${method} ${path.replace(/^\/rest\/v1\//, "")}`),
    close: async () => {
      agent.destroy();
      await close();
    },
  };
}

function nothingHere() {
  return { status: 404, headers: { "content-type": "application/json" }, body: "{}" };
}

/**
 * @param {Agent} agent
 * @param {string} upstream
 * @param {import("node:http").IncomingMessage} incoming
 * @param {Buffer} body
 * @returns {Promise<import("./faults.mjs").Answer>}
 */
function forward(agent, upstream, incoming, body) {
  const { host: _, "transfer-encoding": __, ...headers } = incoming.headers;
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      `${upstream}${incoming.url}`,
      { method: incoming.method, agent, headers: { ...headers, "content-length": body.length } },
      async (answer) => {
        try {
          const { connection: ___, "keep-alive": ____, ...kept } = answer.headers;
          resolve({
            status: answer.statusCode ?? 502,
            headers: /** @type {Record<string, string>} */ (kept),
            body: await readBody(answer),
          });
        } catch (error) {
          reject(error);
        }
      },
    );
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}
