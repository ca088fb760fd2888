// The worker while Supabase or Workers AI refuses, breaks off, or talks nonsense: what the user is told, how often it
// tries again, what it logs, what it leaves behind. Each test has a user of its own, and faults that hit only that one.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { aiVector, VECTOR_FAULTS } from "../lib/ai.mjs";
import { vectorDistance } from "../lib/mock-embedding.mjs";
import { client, startStack } from "../lib/stack.mjs";

const PROFILE = "/api/profile";
const SKILLS = "/api/profile/skills";
const NEAR = 1e-6;
const TOGETHER = { concurrency: true };

/** @typedef {import("../lib/faults.mjs").Fault} Fault */

/** @type {import("../lib/stack.mjs").Stack} */
let stack;
before(async () => {
  stack = await startStack();
});
after(() => stack.close());

/** @param {string} id @param {number} from */
function ended(id, from) {
  const end = new RegExp(`(Successfully updated|Failed to update|Skipped) .*${id}`);
  return stack.worker.log.waitFor(end, { from, deadlineMs: 30_000 });
}

/** A user whose one edit brings the worker to where the fault is. */
async function scene() {
  const user = await stack.user();
  const title = `Title ${user.id}`;
  /** @type {(call: import("../lib/fault-proxy.mjs").UpstreamCall) => boolean} */
  const isRead = ({ method, headers, query }) =>
    method === "GET" && headers.apikey === stack.supabase.serviceRoleKey && String([...query]).includes(user.id);
  /** @type {(call: import("../lib/fault-proxy.mjs").UpstreamCall) => boolean} */
  const isStore = ({ path, body }) => path.endsWith("/store_resume_embeddings") && body.includes(user.id);
  /** @type {(call: import("../lib/ai.mjs").AiCall) => boolean} */
  const isEmbed = ({ texts }) => texts[0]?.includes(user.id) ?? false;
  return {
    ...user,
    title,
    api: client(stack.worker, user.token),
    isRead,
    isStore,
    isEmbed,
    reads: () => stack.proxy.calls.filter(isRead).length,
    stores: () => stack.proxy.calls.filter(isStore).length,
    embeds: () => stack.ai.calls.filter(isEmbed).length,
    /** Edits, which must be answered as ever, and returns the line that the update ended with. */
    edit: async (current_title = title) => {
      const from = stack.worker.log.lines.length;
      const answer = await client(stack.worker, user.token).patch(PROFILE, { current_title });
      assert.deepEqual([answer.status, answer.body.message], [200, "Profile updated successfully"]);
      return { last: await ended(user.id, from), from };
    },
    /** Adds a row, and waits until the update has ended. @param {string} path @param {object} body */
    add: async (path, body) => {
      const from = stack.worker.log.lines.length;
      assert.equal((await client(stack.worker, user.token).post(path, body)).status, 201);
      await ended(user.id, from);
    },
    /** The vector is that of the title, or there is none. @param {boolean} there */
    assertStored: async (there) => {
      assert.ok(vectorDistance(await stack.vector(user.id), there ? aiVector(title) : null) < NEAR);
    },
  };
}

const SUCCESS = /^\[Embeddings\] Successfully updated resume embedding for user [0-9a-f-]{36} in \d+ms$/;
const failure = (/** @type {string} */ id, /** @type {string} */ why) =>
  `[Embeddings] Failed to update user embedding for ${id}: ${why}`;

describe("Workers AI", TOGETHER, () => {
  const passing = /** @type {[string, Fault, string][]} */ ([
    ["500", { kind: "status", status: 500 }, "the embedding model answered HTTP 500"],
    ["429", { kind: "status", status: 429 }, "the embedding model answered HTTP 429"],
    ["408", { kind: "status", status: 408 }, "the embedding model answered HTTP 408"],
    ["a refused connection", { kind: "refuse" }, "the embedding model cannot be reached"],
    ["an answer that breaks off", { kind: "reset" }, "the embedding model cannot be reached"],
  ]);
  for (const [what, fault, why] of passing) {
    test(`${what} twice: the third attempt succeeds`, async () => {
      const one = await scene();
      stack.ai.faults.add(fault, { times: 2, match: one.isEmbed });
      const { last, from } = await one.edit();
      assert.match(last, SUCCESS);
      assert.equal(one.embeds(), 3);
      for (const ms of [1000, 2000]) {
        const line = new RegExp(`^\\[Embeddings\\] Retrying the AI call in ${ms}ms after ${why} \\(request \\w+\\)$`);
        await stack.worker.log.waitFor(line, { from });
      }
      await one.assertStored(true);
      assert.equal(one.stores(), 1);
    });
  }

  test("500 for ever: three attempts, one line, and the row stays stale", async () => {
    const one = await scene();
    stack.ai.faults.add({ kind: "status", status: 500 }, { match: one.isEmbed });
    assert.equal((await one.edit()).last, failure(one.id, "the embedding model answered HTTP 500"));
    assert.deepEqual([one.embeds(), one.stores()], [3, 0]);
    const { embedded_revision, error } = await stack.state(one.id);
    assert.deepEqual([embedded_revision, error], [0, null]);
    assert.equal((await one.api.get("/api/profile/embedding")).body.status, "stale");
  });

  test("Retry-After is honoured", async () => {
    const one = await scene();
    const headers = { "retry-after": "2" };
    stack.ai.faults.add({ kind: "status", status: 429, headers }, { times: 1, match: one.isEmbed });
    const { last, from } = await one.edit();
    assert.match(last, SUCCESS);
    await stack.worker.log.waitFor(/Retrying the AI call in 2000ms after the embedding model answered HTTP 429/, {
      from,
    });
  });

  test("a Retry-After that does not fit is left to the sweeper", async () => {
    const one = await scene();
    const headers = { "retry-after": "120" };
    stack.ai.faults.add({ kind: "status", status: 429, headers }, { match: one.isEmbed });
    assert.equal((await one.edit()).last, failure(one.id, "the embedding model answered HTTP 429"));
    assert.equal(one.embeds(), 1);
  });

  const refusals = /** @type {[string, Fault, number][]} */ ([
    ["403", { kind: "status", status: 403 }, 1],
    ["404", { kind: "status", status: 404 }, 1],
    ["nonsense", { kind: "garbage" }, 1],
    ["no JSON object", { kind: "status", status: 200, body: [1, 2] }, 1],
  ]);
  for (const [what, fault, attempts] of refusals) {
    test(`${what}: not tried again, not the text's fault`, async () => {
      const one = await scene();
      stack.ai.faults.add(fault, { match: one.isEmbed });
      assert.ok((await one.edit()).last.startsWith(failure(one.id, "the embedding model")));
      assert.deepEqual([one.embeds(), one.stores()], [attempts, 0]);
      assert.equal((await stack.state(one.id)).attempts, 0);
    });
  }

  const bad = /** @type {[string, Fault, string][]} */ ([
    ["400", { kind: "status", status: 400 }, "the embedding model answered HTTP 400"],
    ["too few numbers", VECTOR_FAULTS.tooFewNumbers, "the embedding model gave a malformed vector: not 768 numbers"],
    [
      "NaN, as null",
      VECTOR_FAULTS.notANumber,
      "the embedding model gave a malformed vector: an element is not a number",
    ],
    ["all zero", VECTOR_FAULTS.allZero, "the embedding model gave a malformed vector: all zero"],
    ["one vector too many", VECTOR_FAULTS.oneTooMany, "the embedding model gave another number of vectors"],
    [
      "no data",
      { kind: "status", status: 200, body: { shape: [1, 768] } },
      "the embedding model gave another number of vectors",
    ],
    ["no vector", VECTOR_FAULTS.noneAtAll, "the embedding model gave another number of vectors"],
  ]);
  for (const [what, fault, why] of bad) {
    test(`${what}: recorded, shown in the status, not tried again`, async () => {
      const one = await scene();
      stack.ai.faults.add(fault, { match: one.isEmbed });
      assert.equal((await one.edit()).last, failure(one.id, why));
      assert.deepEqual([one.embeds(), one.stores()], [1, 0]);
      const { error, attempts, next_attempt_at } = await stack.state(one.id);
      assert.deepEqual([error, attempts], [why, 1]);
      assert.ok(next_attempt_at, "a time for the next attempt");
      const { body } = await one.api.get("/api/profile/embedding");
      assert.deepEqual([body.status, body.error], ["failed", why]);
      await one.assertStored(false);
    });
  }

  test("after a failure the next edit starts afresh", async () => {
    const one = await scene();
    stack.ai.faults.add({ kind: "status", status: 400 }, { times: 1, match: one.isEmbed });
    await one.edit();
    await one.edit("Between");
    assert.match((await one.edit()).last, SUCCESS);
    const { error, attempts } = await stack.state(one.id);
    assert.deepEqual([error, attempts], [null, 0]);
    await one.assertStored(true);
  });
});

describe("Supabase, behind the answer", TOGETHER, () => {
  const faults = /** @type {[string, Fault, string][]} */ ([
    ["500", { kind: "status", status: 500 }, "HTTP 500 (XX000)"],
    ["429", { kind: "status", status: 429, headers: { "retry-after": "1" } }, "HTTP 429 (429)"],
    ["a refused connection", { kind: "refuse" }, "no connection"],
    ["an answer that breaks off", { kind: "reset" }, "no connection"],
  ]);
  for (const [what, fault, why] of faults) {
    test(`${what} twice for the read: the third attempt succeeds`, async () => {
      const one = await scene();
      stack.proxy.faults.add(fault, { times: 2, match: one.isRead });
      const { last, from } = await one.edit();
      assert.match(last, SUCCESS);
      assert.deepEqual([one.reads(), one.embeds(), one.stores()], [3, 1, 1]);
      const retry = `Retrying the read in 1000ms after ${why}`.replace(/[()]/g, "\\$&");
      await stack.worker.log.waitFor(new RegExp(retry), { from });
      await one.assertStored(true);
    });

    test(`${what} twice for the store: stored all the same, and the model asked once`, async () => {
      const one = await scene();
      stack.proxy.faults.add(fault, { times: 2, match: one.isStore });
      const { last, from } = await one.edit();
      // Of an answer that broke off nobody knows what was done: a second store may find the first one's.
      assert.match(last, fault.kind === "reset" ? /: superseded/ : SUCCESS);
      assert.deepEqual([one.reads(), one.embeds(), one.stores()], [1, 1, 3]);
      await stack.worker.log.waitFor(/Retrying the store in 2000ms after/, { from });
      await one.assertStored(true);
    });
  }

  test("500 for ever: three attempts, one line, nothing asked of the model", async () => {
    const one = await scene();
    stack.proxy.faults.add({ kind: "status", status: 500 }, { match: one.isRead });
    assert.equal(
      (await one.edit()).last,
      failure(one.id, "the database could not read the profile (HTTP 500 (XX000))"),
    );
    assert.deepEqual([one.reads(), one.embeds(), one.stores()], [3, 0, 0]);
  });

  test("nonsense for an answer is not tried again", async () => {
    const one = await scene();
    stack.proxy.faults.add({ kind: "garbage" }, { match: one.isRead });
    assert.ok((await one.edit()).last.startsWith(failure(one.id, "the database could not read the profile")));
    assert.deepEqual([one.reads(), one.embeds()], [1, 0]);
  });

  test("nonsense in answer to the store leaves the row to the next run", async () => {
    const one = await scene();
    stack.proxy.faults.add({ kind: "garbage" }, { match: one.isStore });
    assert.match((await one.edit()).last, /Failed .*: the database did not say what became of the vector/);
  });

  test("a relation that PostgREST does not know: the parts are read by themselves", async () => {
    const one = await scene();
    await one.add(SKILLS, { name: "Zig" });
    const unknown = { code: "PGRST200", message: "Could not find a relationship", details: null, hint: null };
    stack.proxy.faults.add(
      { kind: "status", status: 400, body: unknown },
      { match: (call) => one.isRead(call) && String(call.query.get("select")).includes("skills(") },
    );
    const { last, from } = await one.edit();
    assert.match(last, SUCCESS);
    await stack.worker.log.waitFor(/Reading the profile in parts: HTTP 400 \(PGRST200\)/, { from });
    assert.ok(vectorDistance(await stack.vector(one.id), aiVector(`${one.title} Zig`)) < NEAR);
    const { revision, embedded_revision } = await stack.state(one.id);
    assert.equal(embedded_revision, revision);
  });

  for (const [part, table] of [
    ["skills", "skills"],
    ["work experience", "work_experience"],
  ]) {
    test(`${part} that cannot be read are left out, and the row stays stale`, async () => {
      const one = await scene();
      await one.add(SKILLS, { name: "Zig" });
      const position = { position: "Engineer", company: "Acme", start_date: "2020-01-01" };
      await one.add("/api/profile/work-experience", position);
      const denied = { code: "42501", message: "permission denied for table", details: null, hint: null };
      const embeds = `${table}(`;
      stack.proxy.faults.add(
        { kind: "status", status: 403, body: denied },
        {
          match: (call) =>
            one.isRead(call) && (call.path.endsWith(`/${table}`) || String(call.query.get("select")).includes(embeds)),
        },
      );
      const { from } = await one.edit();
      await stack.worker.log.waitFor(new RegExp(`Cannot read ${table}: HTTP 403 \\(42501\\)`), { from });
      const wanted = table === "skills" ? `${one.title} Engineer Acme` : `${one.title} Zig`;
      assert.ok(vectorDistance(await stack.vector(one.id), aiVector(wanted)) < NEAR);
      const { revision, embedded_revision } = await stack.state(one.id);
      assert.ok(embedded_revision < revision);
      assert.equal((await one.api.get("/api/profile/embedding")).body.status, "stale");
    });
  }
});

describe("Supabase, while the user waits", TOGETHER, () => {
  const answers = /** @type {[string, Fault, number, string][]} */ ([
    ["500", { kind: "status", status: 500 }, 503, "UPSTREAM_ERROR"],
    ["429", { kind: "status", status: 429, headers: { "retry-after": "7" } }, 503, "UPSTREAM_ERROR"],
    ["a refused connection", { kind: "refuse" }, 503, "UPSTREAM_ERROR"],
    ["an answer that breaks off", { kind: "reset" }, 503, "UPSTREAM_ERROR"],
    ["nonsense", { kind: "garbage" }, 502, "UPSTREAM_ERROR"],
    [
      "a redirect",
      { kind: "status", status: 302, headers: { location: "http://127.0.0.1:9/" } },
      502,
      "UPSTREAM_ERROR",
    ],
    ["403", { kind: "status", status: 403 }, 502, "UPSTREAM_ERROR"],
    ["401", { kind: "status", status: 401 }, 401, "INVALID_TOKEN"],
    [
      "a statement timeout",
      { kind: "status", status: 500, body: { code: "57014", message: "canceling statement" } },
      504,
      "UPSTREAM_ERROR",
    ],
    ["a gateway timeout", { kind: "status", status: 504 }, 504, "UPSTREAM_ERROR"],
  ]);
  const requests =
    /** @type {[string, (api: ReturnType<typeof client>) => Promise<import("../lib/stack.mjs").Answer>][]} */ ([
      ["PATCH profile", (api) => api.patch(PROFILE, { current_title: "X" })],
      ["GET profile", (api) => api.get(PROFILE)],
      ["POST skill", (api) => api.post(SKILLS, { name: "X" })],
      ["GET skills", (api) => api.get(SKILLS)],
      ["DELETE skill", (api) => api.delete(`${SKILLS}/33333333-3333-4333-8333-333333333333`)],
      ["GET embedding", (api) => api.get("/api/profile/embedding")],
    ]);
  for (const [what, fault, status, code] of answers) {
    test(`${what} becomes ${status} ${code}`, async () => {
      const one = await scene();
      const mine = (/** @type {import("../lib/fault-proxy.mjs").UpstreamCall} */ { headers }) =>
        headers.authorization === `Bearer ${one.token}`;
      stack.proxy.faults.add(fault, { match: mine });
      for (const [name, send] of requests) {
        const { status: got, body, headers } = await send(one.api);
        assert.deepEqual([got, body.code, body.statusCode], [status, code, status], name);
        assert.ok(!JSON.stringify(body).includes("secret words"), name);
        if (what === "429") assert.equal(headers.get("retry-after"), "7");
      }
      assert.equal(stack.proxy.calls.filter(mine).length, requests.length, "each asked once");
      assert.equal(one.reads(), 0, "nothing was edited, so nothing is embedded");
    });
  }

  test("a second attempt that is refused without a word is not taken for the first", async () => {
    const one = await scene();
    await stack.supabase.db.query("delete from users where id = $1", [one.id]);
    /** @type {number[]} */
    const statuses = [];
    const silent = { status: 503, headers: {}, body: "" };
    stack.proxy.faults.add(
      {
        kind: "answer",
        change: (answer) => (statuses.push(answer.status) === 1 ? answer : silent),
      },
      { match: ({ method, path, body }) => method === "POST" && path.endsWith("/skills") && body.includes(one.id) },
    );
    const { status, body } = await one.api.post(SKILLS, { name: "Zig" });
    assert.deepEqual(statuses, [409, 201], "the users row was missing, and then was not");
    assert.deepEqual([status, body.code, body.statusCode], [503, "UPSTREAM_ERROR", 503]);
  });

  test("a database that is not there at all is 503", async () => {
    const worker = await stack.addWorker({ vars: { SUPABASE_URL: "http://127.0.0.1:9" } });
    const { token } = await stack.user();
    assert.equal((await client(worker, token).get(PROFILE)).status, 503);
  });
});

test("a provider's and a database's own words are never logged", () => {
  assert.ok(!stack.worker.log.texts().some((line) => line.includes("secret words")));
});
