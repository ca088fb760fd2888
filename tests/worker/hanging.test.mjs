// Upstreams that never answer. The timeouts are constants of the core, so these tests run side by side.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { aiVector, changedData } from "../lib/ai.mjs";
import { vectorDistance } from "../lib/mock-embedding.mjs";
import { client, startStack } from "../lib/stack.mjs";
import { until } from "../lib/until.mjs";

const PROFILE = "/api/profile";
const NEAR = 1e-6;
const DEADLINE_MS = 60_000;

/** @type {import("../lib/stack.mjs").Stack} */
let stack;
before(async () => {
  stack = await startStack();
});
after(() => stack.close());

async function scene() {
  const user = await stack.user();
  const title = `Title ${user.id}`;
  return {
    ...user,
    title,
    api: client(stack.worker, user.token),
    mine: (/** @type {import("../lib/fault-proxy.mjs").UpstreamCall} */ call) =>
      call.headers.authorization === `Bearer ${user.token}`,
    ofUpdate: (/** @type {string} */ method) => (/** @type {import("../lib/fault-proxy.mjs").UpstreamCall} */ call) =>
      call.method === method &&
      call.headers.apikey === stack.supabase.serviceRoleKey &&
      (call.body.includes(user.id) || String([...call.query]).includes(user.id)),
    isEmbed: (/** @type {import("../lib/ai.mjs").AiCall} */ { texts }) => texts[0]?.includes(user.id) ?? false,
    edit: async () => {
      const from = stack.worker.log.lines.length;
      const answer = await client(stack.worker, user.token).patch(PROFILE, { current_title: title });
      assert.equal(answer.status, 200);
      const end = new RegExp(`(Successfully updated|Failed to update|Skipped) .*${user.id}`);
      return stack.worker.log.waitFor(end, { from, deadlineMs: DEADLINE_MS });
    },
    assertStored: async () => assert.ok(vectorDistance(await stack.vector(user.id), aiVector(title)) < NEAR),
  };
}

describe("a hanging upstream", { concurrency: true }, () => {
  for (const method of /** @type {const} */ (["get", "patch"])) {
    test(`is 504 to the user who waits (${method})`, async () => {
      const one = await scene();
      stack.proxy.faults.add({ kind: "hang" }, { match: one.mine });
      const { status, body } = await one.api[method](PROFILE, method === "patch" ? { current_title: "X" } : undefined);
      assert.deepEqual([status, body.code], [504, "UPSTREAM_ERROR"]);
    });
  }

  test("is 504 when it is the auth server", async () => {
    const one = await scene();
    const worker = await stack.addWorker({ vars: { SUPABASE_JWT_SECRET: "" } });
    stack.proxy.faults.add({ kind: "hang" }, { match: (call) => one.mine(call) && call.path === "/auth/v1/user" });
    assert.equal((await client(worker, one.token).get(PROFILE)).status, 504);
  });

  test("once at the read: tried again", async () => {
    const one = await scene();
    stack.proxy.faults.add({ kind: "hang" }, { times: 1, match: one.ofUpdate("GET") });
    assert.match(await one.edit(), /Successfully/);
    await stack.worker.log.waitFor(/Retrying the read in 1000ms after timeout/);
    await one.assertStored();
  });

  test("once at the store: tried again, and stored once", async () => {
    const one = await scene();
    stack.proxy.faults.add({ kind: "hang" }, { times: 1, match: one.ofUpdate("POST") });
    assert.match(await one.edit(), /superseded|Successfully/);
    await one.assertStored();
  });

  test("once at the model: tried again", async () => {
    const one = await scene();
    stack.ai.faults.add({ kind: "hang" }, { times: 1, match: one.isEmbed });
    assert.match(await one.edit(), /Successfully/);
    await stack.worker.log.waitFor(/Retrying the AI call in 1000ms after the embedding model took too long/);
    await one.assertStored();
  });

  test("always at the model: given up in time, the row stays stale", async () => {
    const one = await scene();
    stack.ai.faults.add({ kind: "hang" }, { match: one.isEmbed });
    assert.equal(
      await one.edit(),
      `[Embeddings] Failed to update user embedding for ${one.id}: the embedding model took too long`,
    );
    assert.equal((await stack.state(one.id)).embedded_revision, 0);
  });

  test("a model's answer that comes after its time is nobody's", async () => {
    const one = await scene();
    const wrong = changedData((data) => data.map((vector) => vector.map(() => 0.5)));
    let lateAnswers = 0;
    const late = async () => {
      await new Promise((resolve) => setTimeout(resolve, 9000));
      lateAnswers++;
    };
    stack.ai.faults.add({ kind: "answer", change: wrong.change, before: late }, { times: 1, match: one.isEmbed });
    stack.ai.faults.add({ kind: "delay", ms: 2500 }, { times: 1, match: one.isEmbed });
    assert.match(await one.edit(), /Successfully/);
    await one.assertStored();
    assert.equal(lateAnswers, 1);
  });
});

test("500 requests in flight on a slow database are all answered", async () => {
  const users = await stack.users(500);
  const begun = stack.proxy.calls.length;
  stack.proxy.faults.clear();
  stack.proxy.faults.add({
    kind: "answer",
    before: () => until("all 500 are in flight", () => stack.proxy.calls.length - begun === 500, DEADLINE_MS),
  });
  const answers = await Promise.all(users.map(({ token }) => client(stack.worker, token).get(PROFILE)));
  assert.ok(answers.every(({ status, body }, i) => status === 200 && body.profile.id === users[i]?.id));
});
