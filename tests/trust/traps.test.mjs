// A trap, provoked in a test build of the worker: it costs its own event and its own instance, and nobody else anything.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, describe, test } from "node:test";
import { holdBack } from "../lib/faults.mjs";
import { client, startStack } from "../lib/stack.mjs";
import { until } from "../lib/until.mjs";
import { ROOT } from "../lib/worker.mjs";
import { buildTrap, modulesWithWindow, windowOf } from "./lib/window.mjs";

const PROFILE = "/api/profile";
const STATUS = "/api/profile/embedding"; // in the test build: reads the profile, then traps if it says so
const FAILED = /^\[Worker\] The core failed: /;
const TOGETHER = 12;

/** @type {import("../lib/stack.mjs").Stack} */
let stack;
/** @type {ReturnType<typeof windowOf>} */
let window;

before(async () => {
  const modules = modulesWithWindow({ wasm: buildTrap() });
  stack = await startStack({ ai: false, modules, vars: { EMBEDDING_PROVIDER: "mock" } });
  window = windowOf(stack.worker);
});
after(() => stack.close());
afterEach(async () => {
  stack.proxy.faults.clear();
  // Or each later batch with one of them in it would trap.
  await stack.supabase.db.query("update users set current_title = 'Mended' where current_title like 'Trap:%'");
});

/**
 * A user whose profile says something, written behind the worker's back.
 * @param {string} title
 */
async function userWith(title) {
  const user = await stack.user();
  await stack.supabase.db.query("update users set current_title = $2 where id = $1", [user.id, title]);
  return { ...user, api: client(stack.worker, user.token) };
}

/** Answers the status route without reading the body as JSON. @param {string} token */
const askStatus = (token) => stack.worker.fetch(STATUS, { headers: { authorization: `Bearer ${token}` } });

/** The number of the instances whose memory holds a text. @param {string} text */
const holders = async (text) => (await window.search([text])).flatMap(({ found }, i) => (found.length > 0 ? [i] : []));

test("the deployed module has no such door", () => {
  const isDoor = (/** @type {string} */ file) => readFileSync(join(ROOT, file)).includes("Trap: ");
  assert.ok(isDoor("build/test/worker-trap.wasm"));
  assert.ok(!isDoor("build/worker.wasm"));
});

describe("a trap before the answer", () => {
  for (const kind of ["unreachable", "overflow", "exhausted"]) {
    test(`(${kind}) is a 500 that tells nothing, and the next request works`, async () => {
      const mark = stack.worker.log.lines.length;
      const unlucky = await userWith(`Trap: ${kind} Xylophone`);
      const response = await askStatus(unlucky.token);
      assert.equal(response.status, 500);
      assert.deepEqual(await response.json(), {
        code: "INTERNAL_ERROR",
        message: "Something went wrong here",
        statusCode: 500,
      });
      assert.equal(response.headers.get("x-content-type-options"), "nosniff");
      assert.equal(response.headers.get("cache-control"), "no-store");
      assert.match(String(response.headers.get("strict-transport-security")), /^max-age=\d{8,}$/);
      assert.equal(response.headers.get("content-type"), "application/json; charset=utf-8");

      const line = await stack.worker.log.waitFor(FAILED, { from: mark });
      assert.match(line, /RuntimeError/);
      assert.doesNotMatch(stack.worker.log.texts(mark).join(), new RegExp(`Xylophone|${unlucky.token}`));
      const lucky = await userWith("Carpenter");
      assert.deepEqual(await (await askStatus(lucky.token)).json(), [
        { id: lucky.id, email: lucky.email, current_title: "Carpenter" },
      ]);
    });
  }

  test("leaves its neighbours in flight alone, and takes its data with it", async () => {
    const unlucky = await userWith("Trap: unreachable Quetzalcoatl");
    const neighbours = await Promise.all(Array.from({ length: TOGETHER }, (_, i) => userWith(`Neighbour ${i}`)));
    const { release, count } = holdBack(
      stack.proxy,
      ({ headers }) => headers.authorization !== `Bearer ${unlucky.token}`,
    );
    const asked = neighbours.map(({ api }) => api.get(PROFILE));
    await until("the neighbours are in flight", () => count() === TOGETHER);

    assert.equal((await askStatus(unlucky.token)).status, 500);
    const dead = await holders("Quetzalcoatl");
    assert.equal(dead.length, 1, "the instance that trapped, which the test keeps");

    release();
    for (const [i, { status, body }] of (await Promise.all(asked)).entries()) {
      assert.deepEqual([status, body.profile.current_title], [200, `Neighbour ${i}`]);
      assert.ok(!JSON.stringify(body).includes("Quetzalcoatl"));
    }
    assert.deepEqual(await holders("Quetzalcoatl"), dead, "nowhere else");
  });

  test("drops its instance: no later request runs on it", async () => {
    const unlucky = await userWith("Trap: overflow Popocatepetl");
    assert.equal((await askStatus(unlucky.token)).status, 500);
    const dead = await holders("Popocatepetl");
    assert.equal(dead.length, 1);

    const later = await Promise.all(Array.from({ length: 2 * TOGETHER }, () => userWith("Later")));
    const { release, count } = holdBack(stack.proxy, () => true);
    const asked = later.map(({ token }) => askStatus(token));
    await until("all are in flight", () => count() === later.length);
    const used = await Promise.all(later.map(({ token }) => holders(token)));
    assert.ok(used.every((instances) => instances.length === 1));
    assert.equal(new Set(used.flat()).size, later.length, "an instance of its own each");
    assert.ok(!used.flat().includes(Number(dead[0])));
    release();
    for (const response of await Promise.all(asked)) {
      assert.equal(response.status, 200);
      assert.ok(!(await response.text()).includes("Popocatepetl"));
    }
  });

  test("forty in a row cost forty answers, not the isolate", async () => {
    const unlucky = await userWith("Trap: unreachable");
    const lucky = await userWith("Patient");
    const answers = await Promise.all(
      Array.from({ length: 80 }, async (_, i) => (await askStatus(i % 2 ? lucky.token : unlucky.token)).status),
    );
    assert.deepEqual(
      answers,
      Array.from({ length: 80 }, (_, i) => (i % 2 ? 200 : 500)),
    );
  });
});

describe("a trap behind the answer", () => {
  test("leaves the answer as it was and the row stale, for the sweeper to find", async () => {
    const user = await userWith("Before");
    const mark = stack.worker.log.lines.length;
    const { status, body } = await user.api.patch(PROFILE, { current_title: "Trap: unreachable" });
    assert.deepEqual([status, body.profile.current_title], [200, "Trap: unreachable"]);
    await stack.worker.log.waitFor(FAILED, { from: mark });
    assert.equal(await stack.vector(user.id), null);

    await stack.supabase.db.query("update users set current_title = 'Mended' where id = $1", [user.id]);
    await stack.age();
    await stack.worker.sweep();
    const { revision, embedded_revision } = await stack.state(user.id);
    assert.equal(embedded_revision, revision);
    assert.equal((await stack.vector(user.id))?.[0], 1);
  });

  test("in a queue's batch brings every message back that had no decision", async () => {
    const [good, unlucky] = [await userWith("Good"), await userWith("Trap: exhausted")];
    const fates = await stack.worker.consume([{ body: { user_id: good.id } }, { body: { user_id: unlucky.id } }]);
    assert.deepEqual(fates, [{ retryAfterS: 0 }, { retryAfterS: 0 }]);
    assert.equal(await stack.vector(good.id), null);
    assert.deepEqual(await stack.worker.consume([{ body: { user_id: good.id } }]), ["ack"]);
    assert.equal((await stack.vector(good.id))?.[0], 1);
  });

  test("in the sweeper ends that run only", async () => {
    const unlucky = await userWith("Trap: overflow");
    await stack.age();
    const { outcome } = await stack.worker.sweep();
    assert.notEqual(outcome, "ok", "the runtime sees that it failed");
    await stack.supabase.db.query("update users set current_title = 'Mended' where id = $1", [unlucky.id]);
    await stack.age();
    assert.equal((await stack.worker.sweep()).outcome, "ok");
    assert.equal((await stack.vector(unlucky.id))?.[0], 1);
  });

  test("in the backfill's stream leaves the stream without its summary", async () => {
    await userWith("Trap: unreachable");
    const response = await stack.worker.fetch("/api/admin/backfill", {
      method: "POST",
      headers: { authorization: `Bearer ${stack.supabase.serviceRoleKey}` },
    });
    assert.equal(response.status, 200);
    assert.doesNotMatch(await response.text().catch(() => ""), /summary/);
    assert.equal((await client(stack.worker, (await userWith("Next")).token).get(PROFILE)).status, 200);
  });
});

test("an event that ends well leaves nothing of itself in memory: no key, token, id or text", async () => {
  const worker = await stack.addWorker({
    ai: false,
    modules: modulesWithWindow(),
    vars: { EMBEDDING_PROVIDER: "mock" },
  });
  const inside = windowOf(worker);
  const user = await userWith("Ouagadougou");
  const api = client(worker, user.token);
  const words = [
    ...["Ouagadougou", "Antananarivo", user.id, user.email, user.token],
    ...[stack.supabase.anonKey, stack.supabase.serviceRoleKey, stack.supabase.jwtSecret],
  ];
  const { release, count } = holdBack(stack.proxy, ({ path }) => path.includes("store_resume_embeddings"));
  assert.equal((await api.patch(PROFILE, { professional_summary: "Antananarivo" })).status, 200);
  await until("the vector is about to be stored", () => count() === 1);
  const during = (await inside.search(words)).map(({ found }) => found).filter((found) => found.length > 0);
  assert.deepEqual(during, [words], "the search does find what is there");

  release();
  await until("the update has ended", async () => (await stack.state(user.id)).embedded_revision > 0);
  await api.post("/api/profile/skills", { name: "Antananarivo" });
  assert.equal((await api.get(STATUS)).status, 200);
  assert.equal((await api.get(`${PROFILE}/nothing`)).status, 404);
  assert.deepEqual(await worker.consume([{ body: { user_id: user.id } }]), ["ack"]);
  const backfill = await worker.fetch("/api/admin/backfill", {
    method: "POST",
    headers: { authorization: `Bearer ${stack.supabase.serviceRoleKey}`, "content-type": "application/json" },
    body: JSON.stringify({ force: true, batch_size: 100 }),
  });
  assert.match(await backfill.text(), new RegExp(user.id));
  await worker.sweep();
  await until("nothing of it is left", async () => {
    const left = (await inside.search(words)).flatMap(({ found }) => found);
    return left.length === 0 || assert.fail(`found ${[...new Set(left)].map((word) => words.indexOf(word))}`);
  });
});
