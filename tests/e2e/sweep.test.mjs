// The cron's sweeper: whatever left a row stale, it becomes fresh.
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { aiVector, AI_MODEL } from "../lib/ai.mjs";
import { vectorDistance } from "../lib/mock-embedding.mjs";
import { client, startStack } from "../lib/stack.mjs";
import { until } from "../lib/until.mjs";

const NEAR = 1e-6;
// Workers Free allows so many subrequests for one invocation: the worker's own budget.
const MAX_SUBREQUESTS = 50;

/** @type {import("../lib/stack.mjs").Stack} */
let stack;
before(async () => {
  stack = await startStack();
});
after(() => stack.close());
beforeEach(async () => {
  stack.proxy.faults.clear();
  stack.ai.faults.clear();
  stack.ai.refuse("");
  await stack.supabase.db.query("delete from auth.users");
});

/** Users whose profiles somebody has edited by SQL, an hour ago. @param {number} count */
async function editedUsers(count) {
  const users = await stack.users(count);
  await stack.supabase.db.query("update users set current_title = 'Title ' || id");
  await stack.age();
  stack.proxy.calls.length = 0;
  stack.ai.calls.length = 0;
  return users;
}

const staleCount = async () =>
  Number(
    /** @type {any} */ (
      (
        await stack.supabase.db.query(
          "select count(*) as n from resume_embedding_state where embedded_revision < revision",
        )
      ).rows[0]
    ).n,
  );

/** @param {string} id @param {string} [pooling] */
async function assertVector(id, pooling) {
  assert.ok(vectorDistance(await stack.vector(id), aiVector(`Title ${id}`, pooling)) < NEAR, id);
}

describe("without a queue", () => {
  test("rows changed by plain SQL are embedded, and their revision does not move by it", async () => {
    const users = await editedUsers(3);
    const revisions = await Promise.all(users.map(async ({ id }) => (await stack.state(id)).revision));
    await stack.worker.sweep();
    for (const [i, { id }] of users.entries()) {
      await assertVector(id);
      const { revision, embedded_revision } = await stack.state(id);
      assert.deepEqual([revision, embedded_revision], [revisions[i], revisions[i]]);
    }
    await stack.worker.log.waitFor(/^\[Embeddings\] Sweep went through 3 stale users$/);
  });

  test("an edit of a moment ago is left to its own update", async () => {
    const [user] = await editedUsers(1);
    await stack.supabase.db.query("update users set current_title = 'Just now' where id = $1", [user?.id]);
    await stack.worker.sweep();
    assert.deepEqual([await staleCount(), stack.ai.calls.length], [1, 0]);
  });

  test("1,300 users take two runs, each within the budget of subrequests", async () => {
    const users = await editedUsers(1300);
    const left = [];
    for (let run = 0; run < 2; run++) {
      stack.proxy.calls.length = 0;
      stack.ai.calls.length = 0;
      await stack.worker.sweep();
      const spent = stack.proxy.calls.length + stack.ai.calls.length;
      assert.ok(spent <= MAX_SUBREQUESTS, `${spent} subrequests`);
      left.push(await staleCount());
    }
    assert.deepEqual(left, [100, 0]);
    await stack.worker.log.waitFor(/Sweep went through 1200 stale users; more are left for the next run/);
    await assertVector(users[0]?.id ?? "");
    await assertVector(users.at(-1)?.id ?? "");
  });

  test("an outage stops the run at the first page; the next one makes up for it", async () => {
    await editedUsers(250);
    stack.ai.faults.add({ kind: "status", status: 429, headers: { "retry-after": "60" } });
    await stack.worker.sweep();
    assert.equal(stack.ai.calls.length, 1);
    stack.ai.faults.clear();
    await stack.age();
    await stack.worker.sweep();
    assert.equal(await staleCount(), 0);
  });

  test("a database that is down is logged, and nothing else happens", async () => {
    await editedUsers(1);
    stack.proxy.faults.add({ kind: "status", status: 403 });
    await stack.worker.sweep();
    await stack.worker.log.waitFor(/^\[Embeddings\] Cannot search for stale embeddings: HTTP 403/);
  });

  test("a bad row waits for its backoff and starves nobody", async () => {
    const users = await editedUsers(5);
    const bad = users[0] ?? assert.fail();
    await stack.supabase.db.query("update users set current_title = 'POISON' where id = $1", [bad.id]);
    await stack.age();
    stack.ai.refuse("POISON");
    await stack.worker.sweep();
    assert.equal(await staleCount(), 1);
    const { attempts, next_attempt_at } = await stack.state(bad.id);
    assert.equal(attempts, 1);
    assert.ok(Date.parse(next_attempt_at) > Date.now() + 300_000, next_attempt_at);
    stack.ai.calls.length = 0;
    await stack.worker.sweep();
    assert.equal(stack.ai.calls.length, 0, "not before its time");
    await stack.age();
    await stack.worker.sweep();
    assert.equal((await stack.state(bad.id)).attempts, 2);
    stack.ai.refuse("");
    await stack.age();
    await stack.worker.sweep();
    assert.equal(await staleCount(), 0);
    assert.equal((await stack.state(bad.id)).error, null);
  });
});

test("another pooling re-embeds everyone, while the old vectors keep serving", async () => {
  const users = await editedUsers(120);
  await stack.worker.sweep();
  const worker = await stack.addWorker({ vars: { EMBEDDING_POOLING: "cls" } });
  const first = users[0] ?? assert.fail();
  assert.equal((await client(worker, first.token).get("/api/profile/embedding")).body.status, "stale");
  await assertVector(first.id);
  await stack.age();
  stack.proxy.calls.length = 0;
  await worker.sweep();
  for (const { id } of users) await assertVector(id, "cls");
  assert.equal((await stack.state(first.id)).model, `${AI_MODEL};pooling=cls;text=1`);
  const { body } = await client(worker, first.token).get("/api/profile/embedding");
  assert.deepEqual([body.status, body.revision, body.embedded_revision], ["fresh", 2, 2]);
});

describe("with a queue", () => {
  /** @type {import("../lib/worker.mjs").Worker} */
  let worker;
  before(async () => {
    worker = await stack.addWorker({ queue: {}, fakeQueueTime: true });
  });

  test("stale users are sent in batches, once, and the consumer does the rest", async () => {
    const users = await editedUsers(250);
    await worker.sweep();
    await worker.log.waitFor(/Sweep sent 250 stale users to the queue$/);
    const from = worker.log.lines.length;
    await worker.sweep();
    await worker.log.waitFor(/Sweep sent 0 stale users/, { from });
    await until("the consumer has worked it off", async () => {
      await worker.advanceQueue(2);
      return (await staleCount()) === 0;
    });
    assert.deepEqual(stack.ai.calls.map(({ texts }) => texts.length).sort(), [100, 100, 50]);
    await assertVector(users[200]?.id ?? "");
  });

  test("a message that was lost is sent again later", async () => {
    await editedUsers(2);
    const lossy = await stack.addWorker({ queue: {}, fakeQueueTime: true });
    await lossy.sweep();
    await lossy.dispose();
    assert.equal(await staleCount(), 2);
    await stack.age();
    await worker.sweep();
    await until("the consumer has worked it off", async () => {
      await worker.advanceQueue(2);
      return (await staleCount()) === 0;
    });
  });

  test("where the queue refuses, the sweeper updates them itself", async () => {
    await editedUsers(3);
    const broken = await stack.addWorker({ vars: { EMBEDDING_QUEUE: {} } });
    await broken.sweep();
    assert.equal(await staleCount(), 0);
  });
});
