// Running the commands of scripts/ as people do, and a proxy that can cut or hold the stream between the backfill and the
// worker.
import { spawn, spawnSync } from "node:child_process";
import { createServer, request as httpRequest } from "node:http";
import { createServer as createTcpServer } from "node:net";
import { fileURLToPath } from "node:url";
import { listenOnLoopback } from "../lib/faults.mjs";
import { until } from "../lib/until.mjs";

const DEADLINE_MS = 240_000;
// What a developer's shell may hold and a test must not depend on.
const FOREIGN = /^(SUPABASE_|CLOUDFLARE_|EMBEDDING_|WORKER|AI_GATEWAY|DRY_RUN|PORT$|NODE_TEST)/;

/** @typedef {{ code: number | null, stdout: string, stderr: string }} Result */

/**
 * @param {string} name of the script
 * @param {string[]} [args]
 * @param {Record<string, string>} [env]
 */
export function start(name, args = [], env = {}) {
  const kept = Object.entries(process.env).filter(([variable]) => !FOREIGN.test(variable));
  const script = fileURLToPath(new URL(`../../scripts/${name}`, import.meta.url));
  const child = spawn(process.execPath, [script, ...args], {
    env: { ...Object.fromEntries(kept), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  /** @type {Result} */
  const result = { code: null, stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text) => (result.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text) => (result.stderr += text));
  const timer = setTimeout(() => child.kill("SIGKILL"), DEADLINE_MS);
  /** @type {Promise<Result>} */
  const ended = new Promise((resolve) =>
    child.once("close", (code) => {
      clearTimeout(timer);
      resolve({ ...result, code });
    }),
  );
  return {
    pid: /** @type {number} */ (child.pid),
    result,
    ended,
    kill: (/** @type {NodeJS.Signals} */ signal) => child.kill(signal),
    /** @param {RegExp} pattern @param {"stdout" | "stderr"} [stream] */
    prints: (pattern, stream = "stdout") =>
      until(
        `${name} prints ${pattern}`,
        () => {
          if (child.exitCode !== null && !pattern.test(result[stream])) throw new Error(JSON.stringify(result));
          return pattern.exec(result[stream]);
        },
        DEADLINE_MS,
      ),
  };
}

/** @param {string} name @param {string[]} [args] @param {Record<string, string>} [env] */
export const run = (name, args, env) => start(name, args, env).ended;

/** The objects of an NDJSON output. @param {string} text @returns {any[]} */
export const objects = (text) =>
  text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));

/** The processes below one, at any depth; zombies do not count. @param {number} pid @returns {number[]} */
export function descendants(pid) {
  const rows = spawnSync("ps", ["-eo", "pid=,ppid=,stat="], { encoding: "utf8" }).stdout.trim().split("\n");
  const processes = rows
    .map((row) => row.trim().split(/\s+/))
    .filter(([, , state]) => !state?.startsWith("Z"))
    .map(([id, parent]) => ({ id: Number(id), parent: Number(parent) }));
  /** @param {number} parent @returns {number[]} */
  const below = (parent) => processes.filter((one) => one.parent === parent).flatMap(({ id }) => [id, ...below(id)]);
  return below(pid);
}

/** Those that still run. @param {number[]} pids */
export function running(pids) {
  const { stdout } = spawnSync("ps", ["-o", "pid=,stat=", "-p", pids.join(",")], { encoding: "utf8" });
  return stdout.split("\n").filter((row) => row.trim() && !/\sZ/.test(row));
}

/** A port that nothing listens on. @returns {Promise<number>} */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createTcpServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
      server.close(() => resolve(port));
    });
  });
}

/**
 * Passes requests on, and streamed answers line by line.
 * @param {string} upstream
 * @param {(line: string) => Promise<unknown> | "cut" | void} onLine called before a line of an NDJSON answer is passed on;
 *   "cut" breaks the connection off instead
 */
export async function startLineProxy(upstream, onLine) {
  let requests = 0;
  const state = { unavailable: 0 };
  const server = createServer({ keepAliveTimeout: 0 }, (incoming, outgoing) => {
    if (incoming.method === "POST" && state.unavailable > 0) {
      state.unavailable -= 1;
      outgoing.writeHead(503).end();
      return;
    }
    const forwarded = httpRequest(upstream + incoming.url, { method: incoming.method, headers: incoming.headers });
    outgoing.on("close", () => forwarded.destroy());
    forwarded.on("error", () => outgoing.destroy());
    forwarded.on("response", async (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, { "content-type": answer.headers["content-type"] ?? "" });
      const streamed = answer.headers["content-type"]?.includes("ndjson");
      requests += streamed ? 1 : 0;
      answer.on("error", () => outgoing.destroy());
      try {
        let rest = "";
        for await (const text of answer.setEncoding("utf8")) {
          const lines = (rest + text).split("\n");
          rest = lines.pop() ?? "";
          for (const line of lines) {
            if (streamed && (await onLine(line)) === "cut") throw new Error("cut");
            outgoing.write(`${line}\n`);
          }
        }
        outgoing.write(rest);
        outgoing.end();
      } catch {
        outgoing.destroy();
      }
    });
    incoming.pipe(forwarded);
  });
  const { port, close } = await listenOnLoopback(server);
  return {
    url: `http://127.0.0.1:${port}`,
    close,
    requests: () => requests,
    /** The next POST requests get a 503. @param {number} times */
    refuse: (times) => {
      state.unavailable = times;
    },
  };
}
