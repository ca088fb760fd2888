// One isolate under many requests: its memory stays where it was, and many at once are all answered, each with its own.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { Agent, createServer, request as httpRequest } from "node:http";
import { after, before, beforeEach, test } from "node:test";
import { listenOnLoopback, readBody } from "../lib/faults.mjs";
import { hs256, SECRET, userClaims } from "../lib/tokens.mjs";
import { until } from "../lib/until.mjs";
import { startWorker } from "../lib/worker.mjs";
import { heapOf } from "./lib/heap.mjs";
import { ANON_KEY, SERVICE_KEY } from "./lib/project.mjs";
import { modulesWithWindow, windowOf } from "./lib/window.mjs";

const ALL = 20_000;
const WARM = 1000;
const CONNECTIONS = 16;
const IN_FLIGHT = 500;
const MIB = 1024 * 1024;
// A leak of 100 bytes a request would be 1.9 MB.
const TOLERANCE = 1.5 * MIB;

const users = Array.from({ length: IN_FLIGHT }, () => {
  const id = randomUUID();
  return { id, authorization: `Bearer ${hs256(userClaims(id))}` };
});
const agent = new Agent({ keepAlive: true, maxSockets: IN_FLIGHT + 1 });

/** @type {import("../lib/worker.mjs").Worker} */
let worker;
/** @type {ReturnType<typeof windowOf>} */
let window;
/** @type {Awaited<ReturnType<typeof heapOf>>} */
let heap;
/** @type {{ port: number, close: () => Promise<void> }} */
let upstream;
/** What an answer of the upstream waits for. @type {() => unknown} */
let gate = () => undefined;
/** How much a profile of a batch says. */
let sentences = 1500;

/** A PostgREST that has every user, answers at once and forgets. */
/** @param {string} method @param {URL} url @param {string} body @returns {any} */
function answer(method, url, body) {
  if (url.pathname.endsWith("store_resume_embeddings")) {
    const { items } = JSON.parse(body);
    return items.map((/** @type {any} */ { user_id }) => ({ user_id, outcome: "stored" }));
  }
  if (url.pathname.endsWith("count_stale_resumes")) return users.length;
  if (url.pathname.endsWith("stale_resumes")) {
    const { after, max_rows } = JSON.parse(body);
    const from = 1 + users.findIndex(({ id }) => id === after);
    return users.slice(from, from + max_rows).map(({ id }) => ({ user_id: id }));
  }
  const ids = String(url.searchParams.get("id") ?? url.searchParams.get("user_id")).match(/[0-9a-f-]{36}/g) ?? [];
  const professional_summary = "Coal. ".repeat(ids.length > 1 ? sentences : 1);
  const resume_embedding_state = { revision: 2, embedded_revision: 1, model: null, text_hash: null, attempts: 0 };
  return ids.map((id) => ({
    id,
    current_title: "Stoker",
    professional_summary,
    resume_embedding_state,
    work_experience: [],
    skills: [],
  }));
}

before(async () => {
  process.env.MINIFLARE_WORKERD_V8_FLAGS = "--expose-gc";
  const server = createServer({ keepAliveTimeout: 0 }, async (request, response) => {
    const body = String(await readBody(request));
    await gate();
    const text = JSON.stringify(answer(String(request.method), new URL(String(request.url), "http://x"), body));
    response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(text) });
    response.end(text);
  });
  upstream = await listenOnLoopback(server);
  worker = await startWorker({
    inspector: true,
    modules: modulesWithWindow(),
    vars: {
      SUPABASE_URL: `http://127.0.0.1:${upstream.port}`,
      SUPABASE_ANON_KEY: ANON_KEY,
      SUPABASE_SERVICE_ROLE_KEY: SERVICE_KEY,
      SUPABASE_JWT_SECRET: SECRET,
      EMBEDDING_PROVIDER: "mock",
    },
  });
  window = windowOf(worker);
  heap = await heapOf(worker);
});
after(async () => {
  agent.destroy();
  heap.close();
  await worker.dispose();
  await upstream.close();
});
beforeEach(() => {
  gate = () => {};
});

/**
 * @param {string} method @param {string} path @param {Record<string, string>} headers @param {string} [body]
 * @returns {Promise<{ status: number, text: string }>}
 */
function send(method, path, headers, body) {
  return new Promise((resolve, reject) => {
    const request = httpRequest(`${worker.url}${path}`, { method, headers, agent }, (response) => {
      readBody(response).then((bytes) => resolve({ status: response.statusCode ?? 0, text: String(bytes) }), reject);
    });
    request.on("error", reject);
    request.end(body);
  });
}

/** The n-th request of a mixture, and the status that it must have. @param {number} n @returns {[number, Promise<{ status: number }>]} */
function mixed(n) {
  const { authorization } = /** @type {{ authorization: string }} */ (users[n % users.length]);
  const json = { authorization, "content-type": "application/json" };
  switch (n % 20) {
    case 0:
      return [200, send("PATCH", "/api/profile", json, JSON.stringify({ current_title: `Title ${n}` }))];
    case 1:
      return [400, send("PATCH", "/api/profile", json, JSON.stringify({ professional_summary: "x".repeat(20_000) }))];
    case 2:
      return [400, send("POST", "/api/profile/skills", json, '{"name":')];
    case 3:
      return [413, send("POST", "/api/profile/skills", json, "x".repeat(70_000))];
    case 4:
      return [401, send("GET", "/api/profile", { authorization: `${authorization}x` })];
    case 5:
      return [404, send("GET", `/api/profile/skills/${n}`, { authorization })];
    case 6:
      return [200, send("GET", "/api/openapi.json", {})];
    default:
      return [200, send("GET", "/api/profile", { authorization })];
  }
}

/** @param {number} from @param {number} to */
async function drive(from, to) {
  let next = from;
  const one = async () => {
    while (next < to) {
      const n = next++;
      const [expected, sent] = mixed(n);
      const { status } = await sent;
      if (status !== expected) assert.equal(status, expected, `request ${n}`);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, one));
}

async function measure() {
  await until("every event has ended", async () => {
    const memories = await window.search([SERVICE_KEY, ANON_KEY]);
    return memories.every(({ found }) => found.length === 0);
  });
  const memories = await window.search([]);
  // Twice: what a finalizer lets go of is garbage then.
  await window.collectGarbage();
  await window.collectGarbage();
  const wasm = memories.reduce((sum, { bytes }) => sum + bytes, 0);
  return { instances: memories.length, wasm, heap: await heap.used() };
}

test(`${ALL} requests leave the memory where it was after the first ${WARM}`, async (t) => {
  await drive(0, WARM);
  const early = await measure();
  await drive(WARM, ALL);
  const late = await measure();
  t.diagnostic(`after ${WARM}: ${JSON.stringify(early)}; after ${ALL}: ${JSON.stringify(late)}`);
  // Updates behind an answer overlap with later requests by chance: a few instances more, which the window keeps alive.
  assert.ok(late.instances <= 4 * CONNECTIONS, `${late.instances} instances`);
  assert.ok(late.wasm <= late.instances * MIB, `${late.wasm} bytes of WebAssembly memory`);
  assert.ok(late.heap <= early.heap + TOLERANCE, `grew by ${late.heap - early.heap} bytes`);
});

test(`${IN_FLIGHT} requests in flight on a slow upstream are all answered, each with its own row`, async () => {
  const made = [];
  for (let wave = 0; wave < 2; wave++) {
    const before = (await window.search([])).length;
    let held = 0;
    let release = () => {};
    const released = new Promise((resolve) => (release = () => resolve(undefined)));
    gate = () => (held++, released);
    const asked = users.map(({ authorization }) => send("GET", "/api/profile", { authorization }));
    await until("all are in flight", () => held === IN_FLIGHT);
    assert.equal((await send("GET", "/health", {})).status, 200, "and one that waits for nothing is not held up");
    release();
    for (const [i, { status, text }] of (await Promise.all(asked)).entries()) {
      assert.equal(status, 200);
      assert.equal(JSON.parse(text).profile.id, users[i]?.id);
    }
    made.push((await window.search([])).length - before);
  }
  // 16 MB of idle instances are kept, each of which begins with 320 KiB.
  assert.ok(Number(made[1]) >= IN_FLIGHT - 51, `the second wave made only ${made[1]}`);
  assert.ok(Number(made[1]) < IN_FLIGHT, "the second wave found none of the first");
});

test("batches of 100, one after the other, share one large instance", async (t) => {
  const headers = { authorization: `Bearer ${SERVICE_KEY}`, "content-type": "application/json" };
  const before = (await window.search([])).length;
  for (let i = 0; i < 5; i++) {
    const { status, text } = await send("POST", "/api/admin/backfill", headers, '{"batch_size":100}');
    assert.equal(status, 200);
    assert.match(text, new RegExp(`"success":${users.length},.*"done":true`));
  }
  const memories = await window.search([]);
  const large = memories.filter(({ bytes }) => bytes > 2 * MIB);
  t.diagnostic(`instances: ${memories.length}; the large ones: ${large.map(({ bytes }) => bytes)}`);
  assert.ok(memories.length <= before + 1, `${memories.length - before} instances more`);
  assert.equal(large.length, 1);
});

test("a batch that needs more than the pool may keep leaves the others in it", async () => {
  sentences = 6700;
  const headers = { authorization: `Bearer ${SERVICE_KEY}`, "content-type": "application/json" };
  const { authorization } = /** @type {{ authorization: string }} */ (users[0]);
  const gets = () => Promise.all(Array.from({ length: 8 }, () => send("GET", "/api/profile", { authorization })));
  await gets();
  await send("POST", "/api/admin/backfill", headers, '{"batch_size":100,"limit":100}');
  const memories = await window.search([]);
  assert.ok(
    memories.some(({ bytes }) => bytes > 16 * MIB),
    `the largest has ${Math.max(...memories.map(({ bytes }) => bytes))} bytes`,
  );
  await gets();
  assert.equal((await window.search([])).length, memories.length);
});
