// The load generator: its own process, keep-alive sockets, each with one request in flight.
import { connect } from "node:net";
import { serveParent } from "./rpc.mjs";

/** @param {import("./fixtures.mjs").RequestTemplate} template @param {number} port */
function encode({ method, path, headers, body }, port) {
  const lines = [`${method} ${path} HTTP/1.1`, `host: 127.0.0.1:${port}`];
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
  lines.push(`content-length: ${Buffer.byteLength(body)}`, "", body);
  return Buffer.from(lines.join("\r\n"));
}

const NOTHING = Buffer.alloc(0);
const HEADERS_END = Buffer.from("\r\n\r\n");
const CHUNKS_END = Buffer.from("\r\n0\r\n\r\n");

/**
 * The status of a complete response, or 0 while bytes are missing.
 * @param {Buffer} bytes
 */
function completeStatus(bytes) {
  const end = bytes.indexOf(HEADERS_END);
  if (end < 0) return 0;
  const head = bytes.toString("latin1", 0, end).toLowerCase();
  const status = Number(head.slice(9, 12));
  const length = /\r\ncontent-length: *(\d+)/.exec(head);
  if (length) return bytes.length >= end + 4 + Number(length[1]) ? status : 0;
  if (head.includes("transfer-encoding: chunked")) {
    return bytes.subarray(-CHUNKS_END.length).equals(CHUNKS_END) ? status : 0;
  }
  return status;
}

/** @param {Float64Array} sorted @param {number} share */
function percentile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? 0;
}

/**
 * Sends `count` requests over `connections` sockets and reports latencies in milliseconds.
 * @param {{port: number, templates: any[], connections: number, count: number, expect: number}} options
 */
async function run({ port, templates, connections, count, expect }) {
  const messages = templates.map((template) => encode(template, port));
  const latencies = new Float64Array(count);
  let sent = 0;
  let done = 0;
  const begin = performance.now();
  const lane = () =>
    new Promise((resolve, reject) => {
      const socket = connect(port, "127.0.0.1");
      socket.setNoDelay(true);
      let started = 0;
      /** @type {Buffer} */
      let pending = NOTHING;
      const next = () => {
        if (sent === count) {
          socket.destroy();
          return resolve(undefined);
        }
        started = performance.now();
        socket.write(/** @type {Buffer} */ (messages[sent++ % messages.length]));
      };
      socket.on("connect", next);
      socket.on("data", (/** @type {Buffer} */ chunk) => {
        pending = pending.length ? Buffer.concat([pending, chunk]) : chunk;
        const status = completeStatus(pending);
        if (status === 0) return;
        if (status !== expect) {
          reject(new Error(`expected status ${expect}, got: ${pending.toString().slice(0, 2000)}`));
          return socket.destroy();
        }
        latencies[done++] = performance.now() - started;
        pending = NOTHING;
        next();
      });
      socket.on("error", reject);
      socket.on("close", () => reject(new Error(`connection closed after ${done} of ${count} answers`)));
    });
  await Promise.all(Array.from({ length: Math.min(connections, count) }, lane));
  const elapsed = performance.now() - begin;
  latencies.sort();
  return {
    elapsed_ms: elapsed,
    per_second: (count * 1000) / elapsed,
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
  };
}

serveParent({ run });
