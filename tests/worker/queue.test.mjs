// The queue's consumer: what a batch costs, and what becomes of each message.
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { aiVector, VECTOR_FAULTS } from "../lib/ai.mjs";
import { vectorDistance } from "../lib/mock-embedding.mjs";
import { client, startStack } from "../lib/stack.mjs";
import { until } from "../lib/until.mjs";

const PROFILE = "/api/profile";
const NEAR = 1e-6;
const BATCH = 100;
const THREE_CALLS = ["GET users", "POST rpc/store_resume_embeddings"];

/** @type {import("../lib/stack.mjs").Stack} */
let stack;
/** @type {import("../lib/stack.mjs").User[]} */
let users;

before(async () => {
  stack = await startStack({ queue: {}, fakeQueueTime: true });
});
after(() => stack.close());
beforeEach(() => {
  stack.proxy.faults.clear();
  stack.ai.faults.clear();
  stack.ai.refuse("");
});

/** New users whose titles have been changed by SQL, so that nothing has been embedded yet. @param {number} count */
async function editedUsers(count) {
  users = await stack.users(count);
  await stack.supabase.db.query("update users set current_title = 'Title ' || id where id = any ($1)", [
    users.map(({ id }) => id),
  ]);
  stack.proxy.calls.length = 0;
  stack.ai.calls.length = 0;
  return users;
}

const messagesOf = (/** @type {{ id: string }[]} */ some, attempts = 1) =>
  some.map(({ id }) => ({ body: { user_id: id }, attempts }));

/** @param {{ id: string }} user @param {boolean} [there] */
async function assertVector({ id }, there = true) {
  assert.ok(vectorDistance(await stack.vector(id), there ? aiVector(`Title ${id}`) : null) < NEAR, id);
}

describe("a batch", () => {
  test("of 100 users costs three calls", async () => {
    await editedUsers(BATCH);
    const fates = await stack.worker.consume(messagesOf(users));
    assert.deepEqual(fates, Array(BATCH).fill("ack"));
    assert.deepEqual(stack.proxy.summary(), THREE_CALLS);
    assert.deepEqual(
      stack.ai.calls.map(({ texts }) => texts.length),
      [BATCH],
    );
    for (const user of users) await assertVector(user);
  });

  test("of many messages for few users embeds each user once", async () => {
    await editedUsers(5);
    const fates = await stack.worker.consume(
      messagesOf(Array.from({ length: BATCH }, (_, i) => users[i % 5] ?? assert.fail())),
    );
    assert.deepEqual(fates, Array(BATCH).fill("ack"));
    assert.deepEqual(stack.proxy.summary(), THREE_CALLS);
    assert.deepEqual(
      stack.ai.calls.map(({ texts }) => texts.length),
      [5],
    );
  });

  test("of users who are up to date costs one call", async () => {
    await editedUsers(3);
    await stack.worker.consume(messagesOf(users));
    stack.proxy.calls.length = 0;
    assert.deepEqual(await stack.worker.consume(messagesOf(users)), ["ack", "ack", "ack"]);
    assert.deepEqual(stack.proxy.summary(), ["GET users"]);
  });

  test("with malformed messages and deleted users: those are acked, the rest done", async () => {
    await editedUsers(3);
    const [good, gone, other] = users;
    await stack.supabase.db.query("delete from auth.users where id = $1", [gone?.id]);
    const from = stack.worker.log.lines.length;
    const malformed = [null, "not json", "{", 7, [], {}, { user_id: 7 }, { user_id: "x" }, { user_id: null }, [good]];
    const fates = await stack.worker.consume([
      ...malformed.map((body) => ({ body })),
      ...messagesOf(users),
      { body: JSON.stringify({ user_id: other?.id.toUpperCase() }) },
    ]);
    assert.deepEqual(fates, Array(malformed.length + 4).fill("ack"));
    const dropped = () => stack.worker.log.texts(from).filter((line) => /names no user/.test(line)).length;
    await until("every malformed message is logged", () => dropped() === malformed.length);
    await stack.worker.log.waitFor(new RegExp(`Skipped user ${gone?.id}: no such user`), { from });
    assert.ok(good && other);
    await assertVector(good);
    await assertVector(other);
    assert.deepEqual(stack.proxy.summary(), THREE_CALLS);
  });
});

describe("a message that JSON does not have", () => {
  /** @type {Record<string, unknown>} */
  const cyclic = {};
  cyclic.itself = cyclic;
  for (const [what, body] of /** @type {[string, unknown][]} */ ([
    ["a cycle", cyclic],
    ["a BigInt", { user_id: 1n }],
  ])) {
    test(`such as ${what}, is acked and logged; the others are done`, async () => {
      await editedUsers(2);
      const [before, behind] = messagesOf(users);
      const from = stack.worker.log.lines.length;
      const fates = await stack.worker.consume([before ?? assert.fail(), { body }, behind ?? assert.fail()]);
      assert.deepEqual(fates, ["ack", "ack", "ack"]);
      await stack.worker.log.waitFor(/names no user/, { from });
      for (const user of users) await assertVector(user);
    });
  }
});

describe("a profile that fails for good", () => {
  test("is found by halving, recorded and acked; the other 99 are stored", async () => {
    await editedUsers(BATCH);
    const bad = users[37] ?? assert.fail();
    await stack.supabase.db.query("update users set current_title = 'POISON' where id = $1", [bad.id]);
    stack.ai.refuse("POISON");
    const fates = await stack.worker.consume(messagesOf(users));
    assert.deepEqual(fates, Array(BATCH).fill("ack"));
    assert.ok(stack.ai.calls.length <= 15, `${stack.ai.calls.length} AI calls`);
    assert.deepEqual(stack.proxy.summary(), [...THREE_CALLS, "POST rpc/record_resume_failures"]);
    for (const user of users) await assertVector(user, user !== bad);
    const { body } = await client(stack.worker, bad.token).get("/api/profile/embedding");
    assert.deepEqual([body.status, body.error], ["failed", "the embedding model answered HTTP 400"]);
  });

  test("because of its vector needs no second AI call", async () => {
    await editedUsers(10);
    const bad = users[3] ?? assert.fail();
    stack.ai.faults.add(
      {
        kind: "answer",
        change: (answer) => {
          const body = JSON.parse(String(answer.body));
          const at = stack.ai.calls.at(-1)?.texts.indexOf(`Title ${bad.id}`) ?? -1;
          body.data[at][5] = "NaN";
          return { ...answer, body: JSON.stringify(body) };
        },
      },
      { times: 1 },
    );
    assert.deepEqual(await stack.worker.consume(messagesOf(users)), Array(10).fill("ack"));
    assert.equal(stack.ai.calls.length, 1);
    for (const user of users) await assertVector(user, user !== bad);
    assert.match((await stack.state(bad.id)).error, /malformed vector/);
  });

  test("even where all of them do", async () => {
    await editedUsers(4);
    stack.ai.faults.add(VECTOR_FAULTS.tooFewNumbers);
    assert.deepEqual(await stack.worker.consume(messagesOf(users)), Array(4).fill("ack"));
    for (const { id } of users) assert.match((await stack.state(id)).error, /not 768 numbers/);
  });
});

describe("an outage", () => {
  const outages = /** @type {[string, (retryAfter: string) => void][]} */ ([
    [
      "of the model",
      (after) => stack.ai.faults.add({ kind: "status", status: 429, headers: { "retry-after": after } }),
    ],
    [
      "of the database, at the read",
      (after) => stack.proxy.faults.add({ kind: "status", status: 429, headers: { "retry-after": after } }),
    ],
    [
      "of the database, at the store",
      (after) =>
        stack.proxy.faults.add(
          { kind: "status", status: 503, headers: { "retry-after": after } },
          { match: ({ path }) => path.includes("/rpc/") },
        ),
    ],
  ]);
  for (const [what, begin] of outages) {
    test(`${what} sends the batch back whole, with the delay it asks for`, async () => {
      await editedUsers(30);
      begin("300");
      const fates = await stack.worker.consume(messagesOf(users));
      assert.deepEqual(fates, Array(30).fill({ retryAfterS: 300 }));
      assert.ok(stack.ai.calls.length <= 1, "the batch was not split");
      assert.ok(stack.proxy.calls.length <= 2);
      const { embedded_revision, error, attempts } = await stack.state(users[0]?.id ?? "");
      assert.deepEqual([embedded_revision, error, attempts], [0, null, 0]);
    });
  }

  test("grows the delay with every delivery, up to an hour", async () => {
    await editedUsers(1);
    stack.ai.faults.add({ kind: "status", status: 429, headers: { "retry-after": "15" } });
    const delays = [];
    for (const attempts of [1, 2, 3, 4, 5, 6, 50]) {
      const [fate] = await stack.worker.consume(messagesOf(users, attempts));
      delays.push(/** @type {any} */ (fate).retryAfterS);
    }
    assert.deepEqual(delays, [30, 60, 120, 240, 480, 960, 3600]);
  });

  test("spares the messages that need nothing", async () => {
    await editedUsers(2);
    const [stale, gone] = users;
    await stack.supabase.db.query("delete from auth.users where id = $1", [gone?.id]);
    stack.ai.faults.add({ kind: "status", status: 429, headers: { "retry-after": "40" } });
    const fates = await stack.worker.consume([...messagesOf(users), { body: "{}" }]);
    assert.deepEqual(fates, [{ retryAfterS: 40 }, "ack", "ack"]);
    assert.ok(stale);
  });
});

describe("through the queue itself", () => {
  const title = (/** @type {import("../lib/stack.mjs").User} */ user, text = `Title ${user.id}`) =>
    client(stack.worker, user.token).patch(PROFILE, { current_title: text });

  /** Waits until the queue simulator has taken all messages that were sent so far. */
  const flush = () => stack.worker.advanceQueue(2);

  test("a burst of edits by one user becomes one update", async () => {
    await editedUsers(1);
    const user = users[0] ?? assert.fail();
    const from = stack.worker.log.lines.length;
    for (let i = 0; i < 20; i++) assert.equal((await title(user, `Draft ${i}`)).status, 200);
    assert.equal((await title(user)).status, 200);
    await until("the queue has the edits", async () => {
      await flush();
      return stack.ai.calls.length > 0;
    });
    assert.deepEqual(
      stack.proxy.summary().filter((call) => !call.startsWith("PATCH")),
      THREE_CALLS,
    );
    assert.equal(stack.ai.calls.length, 1);
    await assertVector(user);
    await stack.worker.log.waitFor(new RegExp(`Successfully updated resume embedding for user ${user.id}`), { from });
  });

  test("a rate-limited batch waits, and is one batch when it comes back", async () => {
    await editedUsers(20);
    stack.ai.faults.add({ kind: "status", status: 429, headers: { "retry-after": "90" } }, { times: 1 });
    await Promise.all(users.map((user) => title(user, `Title ${user.id} again`)));
    await until("the batch has been refused", async () => {
      await flush();
      return stack.ai.calls.length === 1;
    });
    await stack.worker.advanceQueue(60);
    assert.equal(stack.ai.calls.length, 1, "before its time");
    await stack.worker.advanceQueue(31);
    await until("the batch has come back", async () => {
      await flush();
      return stack.ai.calls.length > 1;
    });
    assert.deepEqual(
      stack.ai.calls.map(({ texts }) => texts.length),
      [20, 20],
    );
    for (const { id } of users) {
      assert.ok(vectorDistance(await stack.vector(id), aiVector(`Title ${id} again`)) < NEAR);
    }
  });

  test("after five retries a message goes to the dead-letter queue, and the row stays stale for the sweeper", async () => {
    await editedUsers(1);
    const user = users[0] ?? assert.fail();
    stack.ai.faults.add({ kind: "status", status: 429, headers: { "retry-after": "60" } });
    await title(user);
    const dead = () => stack.worker.runtimeLog.lines.filter((line) => line.includes("dead letter queue"));
    await until("the message is given up", async () => {
      await stack.worker.advanceQueue(3600);
      await flush();
      return dead().length > 0;
    });
    assert.equal(stack.ai.calls.length, 6);
    assert.equal((await client(stack.worker, user.token).get("/api/profile/embedding")).body.status, "stale");
  });

  test("where the queue refuses, the update runs right there", async () => {
    await editedUsers(1);
    const user = users[0] ?? assert.fail();
    const worker = await stack.addWorker({ vars: { EMBEDDING_QUEUE: {} } });
    await client(worker, user.token).patch(PROFILE, { current_title: `Title ${user.id}` });
    await worker.log.waitFor(new RegExp(`The queue refused user ${user.id}; updating right here`));
    await worker.log.waitFor(/Skipped user|Successfully updated/);
    await assertVector(user);
  });
});
