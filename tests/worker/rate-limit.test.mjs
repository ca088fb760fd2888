// The rate limit, keyed by user.
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { startFaultProxy } from "../lib/fault-proxy.mjs";
import { hs256, SECRET, userClaims } from "../lib/tokens.mjs";
import { startWorker } from "../lib/worker.mjs";

const LIMIT = 3;

/** @type {Awaited<ReturnType<typeof startFaultProxy>>} */
let upstream;
/** @type {import("../lib/worker.mjs").Worker} */
let worker;
let users = 0;
/** @type {string} */
let token;

before(async () => {
  upstream = await startFaultProxy(null);
  upstream.faults.add({ kind: "status", status: 200, body: [] });
  const vars = { SUPABASE_URL: upstream.url, SUPABASE_ANON_KEY: "anon", SUPABASE_JWT_SECRET: SECRET };
  worker = await startWorker({ vars, rateLimit: LIMIT });
});
after(async () => {
  await worker.dispose();
  await upstream.close();
});
beforeEach(async () => {
  token = hs256(userClaims(`11111111-1111-4111-8111-${String(users++).padStart(12, "0")}`));
  // The limiter counts by the minute of the clock; a test must not begin in one and end in the next.
  const leftMs = 60_000 - (Date.now() % 60_000);
  if (leftMs < 3000) await new Promise((resolve) => setTimeout(resolve, leftMs));
});

const list = (/** @type {string} */ authorization = `Bearer ${token}`, method = "GET") =>
  worker.fetch("/api/profile/skills", { method, headers: { authorization } });

test("the request over the limit is 429 with Retry-After, and asks nobody", async () => {
  for (let i = 0; i < LIMIT; i++) assert.equal((await list()).status, 200);
  const mark = upstream.calls.length;
  const refused = await list();
  const body = await refused.json();
  assert.deepEqual([refused.status, body.code, body.statusCode], [429, "RATE_LIMIT_EXCEEDED", 429]);
  assert.equal(refused.headers.get("retry-after"), "60");
  assert.equal((await list(`Bearer ${token}`, "POST")).status, 429);
  assert.equal(upstream.calls.length, mark);
});

test("another user is not held up", async () => {
  for (let i = 0; i <= LIMIT; i++) await list();
  assert.equal((await list()).status, 429);
  const other = hs256(userClaims("22222222-2222-4222-8222-222222222222"));
  assert.equal((await list(`Bearer ${other}`)).status, 200);
});

test("refused tokens, preflights and public pages do not count", async () => {
  for (let i = 0; i <= LIMIT; i++) {
    assert.equal((await list(`Bearer ${token}x`)).status, 401);
    assert.equal((await list(`Bearer ${token}`, "OPTIONS")).status, 204);
    assert.equal((await worker.fetch("/health", { headers: { authorization: `Bearer ${token}` } })).status, 200);
  }
  assert.equal((await list()).status, 200);
});
