// The ways in which an HTTP upstream misbehaves, and when: by rule, or by a seeded share of all calls.
import { pick, seededRandom } from "./random.mjs";

/**
 * @typedef {object} Fault
 * @property {"status" | "refuse" | "reset" | "stall" | "hang" | "garbage" | "delay" | "answer"} kind
 *   `refuse` closes the connection before the call is performed, `reset` in the middle of the answer's body, where
 *   `stall` leaves it open; `hang` performs the call and never answers; `answer` changes the answer, or the time at
 *   which it comes
 * @property {number} [status] of `status`
 * @property {Record<string, string>} [headers] of `status`
 * @property {unknown} [body] of `status` (default: an error in the upstream's own style)
 * @property {number} [ms] of `delay`
 * @property {() => unknown} [before] of `answer`: awaited before the call is performed
 * @property {(answer: Answer) => Answer} [change] of `answer`
 */

/** @typedef {{ status: number, headers: Record<string, string>, body: string | Buffer }} Answer */

/**
 * @template Call
 * @typedef {object} Rule
 * @property {Fault} fault
 * @property {number} left how many more times it applies
 * @property {(call: Call) => boolean} match
 */

/** Every way to fail; hanging, which holds a connection for seconds, is the rarest. */
export const EVERY_FAULT = /** @type {const} */ ([
  ...Array(6).fill({ kind: "refuse" }),
  ...Array(6).fill({ kind: "reset" }),
  ...Array(6).fill({ kind: "status", status: 429, headers: { "retry-after": "1" } }),
  ...Array(6).fill({ kind: "status", status: 500 }),
  ...Array(6).fill({ kind: "garbage" }),
  { kind: "hang" },
]);

const GARBAGE = '<html><body>502 Bad Gateway</body></html>\u0000{"data":[[0.1,';

/** @template Call */
export class Faults {
  /** @type {Rule<Call>[]} */
  #rules = [];
  #share = 0;
  #random = seededRandom(1);
  /** @type {readonly Fault[]} */
  #kinds = EVERY_FAULT;
  injected = 0;

  /**
   * The next `times` calls that match get the fault. Rules apply in the order in which they were added.
   * @param {Fault} fault
   * @param {{ times?: number, match?: (call: Call) => boolean }} [options]
   */
  add(fault, { times = Infinity, match = () => true } = {}) {
    this.#rules.push({ fault, left: times, match });
  }

  /**
   * From now on this share of all calls fails in one of the ways given.
   * @param {number} share 0 to 1
   * @param {{ seed?: number, kinds?: readonly Fault[] }} [options]
   */
  storm(share, { seed = 1, kinds = EVERY_FAULT } = {}) {
    this.#share = share;
    this.#random = seededRandom(seed);
    this.#kinds = kinds;
  }

  clear() {
    this.#rules = [];
    this.#share = 0;
  }

  /**
   * @param {Call} call
   * @returns {Fault | undefined}
   */
  next(call) {
    const rule = this.#rules.find(({ left, match }) => left > 0 && match(call));
    const fault = rule ? rule.fault : this.#random() < this.#share ? pick(this.#random, this.#kinds) : undefined;
    if (rule) rule.left--;
    if (fault) this.injected++;
    return fault;
  }
}

/**
 * Sends an answer, or whatever the fault makes of it.
 * @param {import("node:http").ServerResponse} response
 * @param {Fault | undefined} fault
 * @param {() => Answer | Promise<Answer>} perform performs the call
 * @param {(status: number) => unknown} errorBody the upstream's own way to describe an error
 * @returns {Promise<number>} the status that was sent; 0 for none
 */
export async function answerWithFault(response, fault, perform, errorBody) {
  if (fault?.kind === "refuse") {
    response.destroy();
    return 0;
  }
  if (fault?.kind === "status") {
    const status = fault.status ?? 500;
    return send(response, {
      status,
      headers: { "content-type": "application/json", ...fault.headers },
      body: JSON.stringify(fault.body ?? errorBody(status)),
    });
  }
  if (fault?.kind === "delay") await new Promise((resolve) => setTimeout(resolve, fault.ms));
  await fault?.before?.();
  const answer = await perform();
  switch (fault?.kind) {
    case "hang":
      return 0;
    case "garbage":
      return send(response, { ...answer, status: 200, body: GARBAGE });
    case "stall":
      response.writeHead(200, { "content-type": "application/json", "content-length": "100000" });
      response.write('[{"id":"');
      return 0;
    case "reset":
      response.writeHead(200, { "content-type": "application/json", "content-length": "100000" });
      response.write('[{"id":"', () => response.destroy());
      return 0;
    default:
      return send(response, fault?.change ? fault.change(answer) : answer);
  }
}

/**
 * @param {import("node:http").ServerResponse} response
 * @param {Answer} answer
 */
function send(response, { status, headers, body }) {
  const bytes = Buffer.from(body);
  const { "transfer-encoding": _, ...kept } = headers;
  response.writeHead(status, status === 204 ? kept : { ...kept, "content-length": String(bytes.length) });
  response.end(status === 204 ? undefined : bytes);
  return status;
}

/**
 * @param {import("node:http").IncomingMessage} request
 * @returns {Promise<Buffer>}
 */
export async function readBody(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/**
 * Listens on a free loopback port.
 * @param {import("node:http").Server} server
 * @returns {Promise<{ port: number, close: () => Promise<void> }>}
 */
export async function listenOnLoopback(server) {
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => resolve(undefined));
  });
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  const close = () =>
    new Promise((/** @type {(value: void) => void} */ resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { port, close };
}

/**
 * Holds back the calls that match, until `release`.
 * @template Call
 * @param {{ faults: { add: (fault: Fault, options: { match: (call: Call) => boolean }) => unknown } }} upstream
 * @param {(call: Call) => boolean} match
 */
export function holdBack(upstream, match) {
  let held = 0;
  let release = () => {};
  const released = new Promise((resolve) => (release = () => resolve(undefined)));
  const before = () => {
    held++;
    return released;
  };
  upstream.faults.add({ kind: "answer", before }, { match });
  return { release, count: () => held };
}
