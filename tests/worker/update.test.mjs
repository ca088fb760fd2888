// The update behind an edit, when all goes well: what is asked of whom, what is stored, what is logged.
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { aiVector, AI_MODEL } from "../lib/ai.mjs";
import { mockVector, vectorDistance } from "../lib/mock-embedding.mjs";
import { client, startStack } from "../lib/stack.mjs";
import { until } from "../lib/until.mjs";

const PROFILE = "/api/profile";
const TAG = `${AI_MODEL};pooling=mean;text=1`;
const NEAR = 1e-6;

/** @type {import("../lib/stack.mjs").Stack} */
let stack;
/** @type {import("../lib/stack.mjs").User} */
let user;
/** @type {ReturnType<typeof client>} */
let api;

before(async () => {
  stack = await startStack();
});
after(() => stack.close());
beforeEach(async () => {
  stack.ai.faults.clear();
  user = await stack.user();
  api = client(stack.worker, user.token);
});

const finished = (/** @type {string} */ id, from = 0, worker = stack.worker) =>
  worker.log.waitFor(
    new RegExp(
      `^\\[Embeddings\\] (Successfully updated resume embedding for user ${id} in|Failed to update user embedding for ${id}:|Skipped user ${id}:)`,
    ),
    { from },
  );

/** Edits, and waits for the update to end. @param {object} body @param {import("../lib/worker.mjs").Worker} [worker] */
async function editAndWait(body, worker = stack.worker) {
  const from = worker.log.lines.length;
  const answer = await client(worker, user.token).patch(PROFILE, body);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return finished(user.id, from, worker);
}

test("an edit costs three subrequests and one AI call, and logs exactly this", async () => {
  const [calls, aiCalls, lines] = [stack.proxy.calls.length, stack.ai.calls.length, stack.worker.log.lines.length];
  const answer = await api.patch(PROFILE, { current_title: "Engineer" }, { "x-request-id": "edit-1" });
  assert.equal(answer.status, 200);
  await finished(user.id, lines);
  assert.deepEqual(stack.proxy.summary(calls), ["PATCH users", "GET users", "POST rpc/store_resume_embeddings"]);
  assert.equal(stack.ai.calls.length - aiCalls, 1);
  const { via, model, texts, pooling, gateway } = stack.ai.calls[aiCalls] ?? assert.fail();
  assert.deepEqual(
    { via, model, texts, pooling, gateway },
    {
      via: "binding",
      model: AI_MODEL,
      texts: ["Engineer"],
      pooling: "mean",
      gateway: undefined,
    },
  );
  assert.ok(vectorDistance(await stack.vector(user.id), aiVector("Engineer")) < NEAR);
  const logged = stack.worker.log.texts(lines).map((line) => line.replace(/in \d+ms$/, "in ms"));
  assert.deepEqual(logged, [
    `[Profile] Profile updated successfully for user ${user.id} (request edit-1)`,
    `[Embeddings] Starting resume embedding update for user ${user.id}`,
    "[Embeddings] Generated embedding with 768 dimensions",
    `[Embeddings] Successfully updated resume embedding for user ${user.id} in ms`,
  ]);
});

test("the answer does not wait for the model", async () => {
  const [asked, from] = [stack.ai.calls.length, stack.worker.log.lines.length];
  stack.ai.faults.add({ kind: "delay", ms: 1000 }, { times: 1 });
  assert.equal((await api.patch(PROFILE, { current_title: "Engineer" })).status, 200);
  await until("the model is asked", () => stack.ai.calls.length > asked);
  assert.equal(stack.ai.calls[asked]?.status, 0);
  assert.match(await finished(user.id, from), /Successfully/);
});

test("a user who hangs up before the answer does not stop the edit, nor its embedding", async () => {
  const from = stack.worker.log.lines.length;
  const asked = stack.proxy.calls.length;
  const gone = new AbortController();
  const isEdit = (/** @type {import("../lib/fault-proxy.mjs").UpstreamCall} */ { method, headers }) =>
    method === "PATCH" && headers.authorization === `Bearer ${user.token}`;
  stack.proxy.faults.add({ kind: "delay", ms: 500 }, { times: 1, match: isEdit });
  const edit = stack.worker.fetch(PROFILE, {
    method: "PATCH",
    signal: gone.signal,
    headers: { authorization: `Bearer ${user.token}`, "content-type": "application/json" },
    body: JSON.stringify({ current_title: "Gone" }),
  });
  await until("the edit has reached the database", () => stack.proxy.calls.slice(asked).some(isEdit));
  gone.abort();
  await assert.rejects(edit);
  assert.match(await finished(user.id, from), /Successfully/);
  assert.ok(vectorDistance(await stack.vector(user.id), aiVector("Gone")) < NEAR);
});

test("an edit of columns outside the text starts nothing", async () => {
  const [calls, lines] = [stack.proxy.calls.length, stack.worker.log.lines.length];
  const body = {
    first_name: "A",
    last_name: "B",
    phone: "1",
    location: "C",
    linkedin_url: "l.example",
    photo_url: null,
  };
  await api.patch(PROFILE, body);
  await api.patch(PROFILE, { ...body, phone: "2" });
  await stack.worker.log.waitFor(/Profile updated/, { from: lines + 1 });
  assert.deepEqual(stack.proxy.summary(calls), ["PATCH users", "PATCH users"]);
  assert.ok(!stack.worker.log.texts(lines).some((line) => line.startsWith("[Embeddings]")));
});

test("every kind of edit is followed by the vector of the text as it then is", async () => {
  const check = async (/** @type {() => Promise<any>} */ edit) => {
    const from = stack.worker.log.lines.length;
    const answer = await edit();
    assert.ok(answer.status < 300, JSON.stringify(answer.body));
    await finished(user.id, from);
    const text = await stack.text(user.id);
    const wanted = text === "" ? null : aiVector(text);
    assert.ok(vectorDistance(await stack.vector(user.id), wanted) < NEAR, text);
    return answer.body;
  };
  const position = { position: "Engineer", company: "Acme", description: "Did \t things", start_date: "2020-01-01" };
  await check(() => api.patch(PROFILE, { current_title: " Lead ", professional_summary: "Zoë builds\nthings 😀" }));
  const { experience } = await check(() => api.post("/api/profile/work-experience", position));
  await check(() =>
    api.post("/api/profile/work-experience", { ...position, company: "Newer", start_date: "2022-01-01" }),
  );
  await check(() => api.patch(`/api/profile/work-experience/${experience.id}`, { start_date: "2023-01-01" }));
  const { skill } = await check(() => api.post("/api/profile/skills", { name: "C" }));
  await check(() => api.post("/api/profile/skills", { name: "Assembly", level: "expert" }));
  await check(() => api.put(`/api/profile/skills/${skill.id}`, { name: "Zig" }));
  await check(() => api.delete(`/api/profile/skills/${skill.id}`));
  await check(() => api.delete(`/api/profile/work-experience/${experience.id}`));
});

describe("what can be skipped", () => {
  test("an edit that changes nothing reads, and stops there", async () => {
    await editAndWait({ current_title: "Same" });
    const [calls, aiCalls] = [stack.proxy.calls.length, stack.ai.calls.length];
    assert.match(await editAndWait({ current_title: "Same" }), /Skipped user .*: unchanged/);
    assert.deepEqual(stack.proxy.summary(calls), ["PATCH users", "GET users"]);
    assert.equal(stack.ai.calls.length, aiCalls);
  });

  test("a new revision with the same text moves the revision only", async () => {
    await editAndWait({ current_title: "Same", professional_summary: null });
    const aiCalls = stack.ai.calls.length;
    assert.match(await editAndWait({ current_title: null, professional_summary: "Same" }), /: unchanged/);
    assert.equal(stack.ai.calls.length, aiCalls);
    const { revision, embedded_revision } = await stack.state(user.id);
    assert.equal(embedded_revision, revision);
    assert.ok(vectorDistance(await stack.vector(user.id), aiVector("Same")) < NEAR);
  });

  test("a profile emptied by its user loses its vector, without asking the model", async () => {
    await editAndWait({ current_title: "Something" });
    const aiCalls = stack.ai.calls.length;
    assert.match(await editAndWait({ current_title: "  " }), /: empty/);
    assert.equal(stack.ai.calls.length, aiCalls);
    assert.equal(await stack.vector(user.id), null);
    assert.equal((await api.get("/api/profile/embedding")).body.status, "empty");
  });
});

test("the text is cut at 8,000 characters, none of them split", async () => {
  const aiCalls = stack.ai.calls.length;
  await editAndWait({ current_title: "T", professional_summary: "😀".repeat(9000) });
  assert.deepEqual(stack.ai.calls[aiCalls]?.texts, [`T ${"😀".repeat(7998)}`]);
});

test("an older computation that finishes late changes nothing", async () => {
  const from = stack.worker.log.lines.length;
  stack.ai.faults.add({ kind: "delay", ms: 1500 }, { times: 1, match: ({ texts }) => texts[0] === "Older" });
  await api.patch(PROFILE, { current_title: "Older" });
  await until("the model is asked for the older text", () => stack.ai.calls.some(({ texts }) => texts[0] === "Older"));
  await editAndWait({ current_title: "Newer" });
  await stack.worker.log.waitFor(new RegExp(`Skipped user ${user.id}: superseded`), { from });
  assert.ok(vectorDistance(await stack.vector(user.id), aiVector("Newer")) < NEAR);
});

test("a user deleted meanwhile is skipped", async () => {
  const from = stack.worker.log.lines.length;
  stack.ai.faults.add({ kind: "delay", ms: 500 }, { times: 1 });
  const asked = stack.ai.calls.length;
  await api.patch(PROFILE, { current_title: "Leaving" });
  await until("the model is asked", () => stack.ai.calls.length > asked);
  await stack.supabase.db.query("delete from auth.users where id = $1", [user.id]);
  await stack.worker.log.waitFor(new RegExp(`Skipped user ${user.id}: no such user`), { from });
});

describe("GET /api/profile/embedding", () => {
  test("tells empty, stale, fresh", async () => {
    const status = async () => (await api.get("/api/profile/embedding")).body;
    const unborn = await status();
    assert.deepEqual(unborn, {
      status: "stale",
      model: null,
      dimensions: 768,
      revision: 1,
      embedded_revision: 0,
      embedded_at: null,
      error: null,
    });
    await editAndWait({ current_title: "Fresh" });
    const fresh = await status();
    assert.deepEqual(
      [fresh.status, fresh.model, fresh.revision, fresh.embedded_revision, fresh.error],
      ["fresh", AI_MODEL, 2, 2, null],
    );
    assert.ok(Math.abs(Date.parse(fresh.embedded_at) - Date.now()) < 60_000, fresh.embedded_at);
    await stack.supabase.db.query("update users set current_title = 'By hand' where id = $1", [user.id]);
    assert.equal((await status()).status, "stale");
    assert.ok(!JSON.stringify(fresh).includes("[0."));
  });
});

describe("providers", () => {
  test("rest: the same model over Workers AI's REST API", async () => {
    const worker = await stack.addWorker({ ai: false, vars: { EMBEDDING_PROVIDER: "rest", AI_GATEWAY_ID: "gate" } });
    const aiCalls = stack.ai.calls.length;
    assert.match(await editAndWait({ current_title: "By REST" }, worker), /Successfully/);
    const { via, model, gateway } = stack.ai.calls[aiCalls] ?? assert.fail();
    assert.deepEqual([via, model, gateway], ["rest", AI_MODEL, "gate"]);
    assert.ok(vectorDistance(await stack.vector(user.id), aiVector("By REST")) < NEAR);
    assert.equal((await stack.state(user.id)).model, TAG);
  });

  test("rest, refused: the failure names the status and not the token", async () => {
    const worker = await stack.addWorker({
      vars: { EMBEDDING_PROVIDER: "rest", CLOUDFLARE_API_TOKEN: "wrong-token" },
    });
    assert.match(await editAndWait({ current_title: "X" }, worker), /Failed .*: the embedding model answered HTTP 401/);
    assert.ok(!worker.log.texts().some((line) => line.includes("wrong-token")));
  });

  test("mock: computed in the worker", async () => {
    const worker = await stack.addWorker({ ai: false, vars: { EMBEDDING_PROVIDER: "mock" } });
    const aiCalls = stack.ai.calls.length;
    assert.match(
      await editAndWait({ current_title: "Zoë, C++ & Zig", professional_summary: "ÄÖÜ 😀 x-y" }, worker),
      /Successfully/,
    );
    assert.equal(stack.ai.calls.length, aiCalls);
    assert.ok(vectorDistance(await stack.vector(user.id), mockVector("Zoë, C++ & Zig ÄÖÜ 😀 x-y")) < NEAR);
    assert.equal((await stack.state(user.id)).model, "mock;text=1");
  });

  test("mock, for a text without words", async () => {
    const worker = await stack.addWorker({ ai: false, vars: { EMBEDDING_PROVIDER: "mock" } });
    await editAndWait({ current_title: "--- !!!" }, worker);
    assert.ok(vectorDistance(await stack.vector(user.id), [1, ...Array(767).fill(0)]) < NEAR);
  });

  test("pooling and gateway are passed through, and pooling is part of the tag", async () => {
    const worker = await stack.addWorker({ vars: { EMBEDDING_POOLING: "cls", AI_GATEWAY_ID: "my-gateway" } });
    const aiCalls = stack.ai.calls.length;
    await editAndWait({ current_title: "Pooled" }, worker);
    const { pooling, gateway } = stack.ai.calls[aiCalls] ?? assert.fail();
    assert.deepEqual([pooling, gateway], ["cls", "my-gateway"]);
    assert.ok(vectorDistance(await stack.vector(user.id), aiVector("Pooled", "cls")) < NEAR);
    assert.equal((await stack.state(user.id)).model, `${AI_MODEL};pooling=cls;text=1`);
  });

  for (const [what, vars, reason] of /** @type {[string, Record<string, string>, RegExp][]} */ ([
    ["an unknown provider", { EMBEDDING_PROVIDER: "openai" }, /EMBEDDING_PROVIDER is none of/],
    ["rest without an account", { EMBEDDING_PROVIDER: "rest", CLOUDFLARE_ACCOUNT_ID: "" }, /CLOUDFLARE_ACCOUNT_ID/],
    ["no AI binding", {}, /no AI binding is configured/],
    ["a model that does not exist", { EMBEDDING_MODEL: "@cf/nobody/nothing" }, /answered HTTP 400/],
  ])) {
    test(`${what} is logged, and the row stays stale for better times`, async () => {
      const worker = await stack.addWorker({ vars, ai: what !== "no AI binding" });
      const line = await editAndWait({ current_title: "X" }, worker);
      assert.match(line, /^\[Embeddings\] Failed to update user embedding for /);
      assert.match(line, reason);
      const { embedded_revision, error } = await stack.state(user.id);
      assert.deepEqual([embedded_revision, error], [0, null]);
    });
  }

  test("a model of other dimensions fails for good, and says so in the status", async () => {
    const worker = await stack.addWorker({ vars: { EMBEDDING_MODEL: "@cf/baai/bge-small-en-v1.5" } });
    assert.match(await editAndWait({ current_title: "Small" }, worker), /malformed vector: not 768 numbers/);
    const { body } = await client(worker, user.token).get("/api/profile/embedding");
    assert.equal(body.status, "failed");
    assert.match(body.error, /not 768 numbers/);
  });
});

test("no token, key or profile text was ever logged", async () => {
  await editAndWait({ current_title: "Unmistakable-Title-4711", professional_summary: "Unmistakable-Summary-0815" });
  const { anonKey, serviceRoleKey, jwtSecret } = stack.supabase;
  const secrets = [user.token, anonKey, serviceRoleKey, jwtSecret, "Unmistakable", user.email];
  for (const line of stack.worker.log.texts()) {
    assert.ok(!secrets.some((secret) => line.includes(secret)), line);
  }
});
