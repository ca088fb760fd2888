// The backfill route: who may call it, what it tells, and that it finishes what it began.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { mockVector, resumeText, vectorDistance } from "../lib/mock-embedding.mjs";
import { pick, seededRandom } from "../lib/random.mjs";
import { client, startStack } from "../lib/stack.mjs";

const PATH = "/api/admin/backfill";
const VARS = { EMBEDDING_PROVIDER: "mock" };
const NEAR = 1e-6;
const SEED = Number(process.env.TEST_SEED ?? Date.now() % 1_000_000);

/** @typedef {{ user_id: string, status: string, reason?: string }} Line */

/** @type {import("../lib/stack.mjs").Stack} */
let stack;
before(async () => {
  stack = await startStack({ ai: false, vars: VARS });
});
after(() => stack.close());

/**
 * One request, read to its end, or up to `stopAfter` lines.
 * @param {import("../lib/worker.mjs").Worker} worker
 * @param {object} [options]
 * @param {number} [stopAfter]
 */
async function request(worker, options, stopAfter = Infinity) {
  const response = await worker.fetch(PATH, {
    method: "POST",
    headers: {
      authorization: `Bearer ${stack.supabase.serviceRoleKey}`,
      ...(options && { "content-type": "application/json" }),
    },
    ...(options && { body: JSON.stringify(options) }),
  });
  assert.equal(response.status, 200);
  assert.match(String(response.headers.get("content-type")), /^application\/x-ndjson/);
  /** @type {Line[]} */
  const lines = [];
  /** @type {any} */
  let summary;
  /** @type {number | undefined} */
  let stale;
  let rest = "";
  for await (const chunk of response.body ?? []) {
    const parts = (rest + Buffer.from(chunk).toString()).split("\n");
    rest = parts.pop() ?? "";
    for (const part of parts) {
      const line = JSON.parse(part);
      if (line.summary) summary = line.summary;
      else if ("stale" in line) stale = line.stale;
      else lines.push(line);
    }
    if (lines.length >= stopAfter) break;
  }
  return { lines, stale, summary };
}

/** Requests until everything is done, as a client does. @param {import("../lib/worker.mjs").Worker} worker @param {object} options */
async function drive(worker, options) {
  /** @type {Line[]} */
  const lines = [];
  for (let after = null, requests = 1; ; requests++) {
    const answer = await request(worker, { ...options, after });
    lines.push(...answer.lines);
    if (answer.summary.done) return { lines, requests };
    assert.equal(answer.summary.error, undefined);
    assert.notEqual(answer.summary.next, after, "it went on");
    after = answer.summary.next;
  }
}

const empty = () => stack.supabase.db.query("delete from auth.users");

describe("anybody without the service-role key", () => {
  test("is told that there is nothing here", async () => {
    const user = await stack.user();
    const { serviceRoleKey, anonKey } = stack.supabase;
    const keys = [
      anonKey,
      user.token,
      "x",
      serviceRoleKey.slice(0, -1),
      `${serviceRoleKey}x`,
      serviceRoleKey.toLowerCase(),
    ];
    const unknown = await (await stack.worker.fetch("/api/admin/nothing", { method: "POST" })).json();
    const headers = [{}, { authorization: serviceRoleKey }, ...keys.map((key) => ({ authorization: `Bearer ${key}` }))];
    for (const one of headers) {
      const response = await stack.worker.fetch(PATH, { method: "POST", headers: /** @type {any} */ (one) });
      assert.equal(response.status, 404);
      assert.deepEqual(await response.json(), unknown);
    }
    const unset = await stack.addWorker({ vars: { SUPABASE_SERVICE_ROLE_KEY: "" } });
    for (const authorization of ["Bearer ", "Bearer", ""]) {
      assert.equal((await unset.fetch(PATH, { method: "POST", headers: { authorization } })).status, 404);
    }
  });
});

test("options are checked", async () => {
  const api = client(stack.worker, stack.supabase.serviceRoleKey);
  const bad = { dry_run: "yes", batch_size: 101, limit: 0, after: "x", force: 1 };
  const { status, body } = await api.post(PATH, bad);
  assert.equal(status, 400);
  assert.equal(body.error, "Invalid backfill data");
  const paths = body.details.map((/** @type {any} */ { path }) => path[0]);
  assert.deepEqual(paths.sort(), ["after", "batch_size", "dry_run", "force", "limit"]);
  for (const batch_size of [0, -1, 1.5, "10", null]) {
    assert.equal((await api.post(PATH, { batch_size })).status, 400, String(batch_size));
  }
  assert.equal((await api.post(PATH, "[")).body.code, "INVALID_JSON");
});

describe("a small population", () => {
  /** @type {import("../lib/stack.mjs").User[]} */
  let users;
  before(async () => {
    await empty();
    users = await stack.users(25);
    const withText = users.filter((_, i) => i % 5 !== 0).map(({ id }) => id);
    await stack.supabase.db.query("update users set current_title = 'T ' || id where id = any ($1)", [withText]);
  });
  const idsOf = (/** @type {Line[]} */ lines) => lines.map(({ user_id }) => user_id);

  test("dry_run tells whom it would embed, and changes nothing", async () => {
    const { lines, stale, summary } = await request(stack.worker, { dry_run: true, batch_size: 10 });
    assert.equal(stale, 25);
    assert.deepEqual(
      idsOf(lines),
      users.map(({ id }) => id),
    );
    assert.ok(lines.every(({ status, reason }) => status === "skipped" && reason === "dry run"));
    assert.deepEqual([summary.success, summary.skipped, summary.done, summary.next], [0, 25, true, null]);
    assert.equal(await stack.vector(users[1]?.id ?? ""), null);
  });

  test("limit stops early, and next goes on from there", async () => {
    const first = await request(stack.worker, { limit: 7, batch_size: 5 });
    assert.deepEqual(
      idsOf(first.lines),
      users.slice(0, 7).map(({ id }) => id),
    );
    assert.deepEqual([first.summary.total, first.summary.next], [7, users[6]?.id]);
    const second = await request(stack.worker, { after: first.summary.next, limit: 3 });
    assert.equal(second.stale, 18, "how many there are, whatever the limit");
    assert.deepEqual(
      idsOf(second.lines),
      users.slice(7, 10).map(({ id }) => id),
    );
  });

  test("without options it embeds all who are stale: success, or skipped for want of text", async () => {
    const { lines, summary } = await request(stack.worker);
    assert.deepEqual(
      idsOf(lines),
      users.slice(10).map(({ id }) => id),
    );
    const reasons = lines.map(({ status, reason }) => (reason ? `${status}: ${reason}` : status));
    assert.deepEqual(
      reasons,
      users.slice(10).map((_, i) => (i % 5 === 0 ? "skipped: empty" : "success")),
    );
    assert.deepEqual(summary, { total: 15, success: 12, skipped: 3, failed: 0, done: true, next: null });
  });

  test("a second run finds nothing to do", async () => {
    const { lines, stale, summary } = await request(stack.worker, {});
    assert.deepEqual([lines, stale, summary.total, summary.done], [[], 0, 0, true]);
  });

  test("force embeds everybody again", async () => {
    const id = users[1]?.id ?? "";
    const before = (await stack.state(id)).embedded_at;
    const { summary } = await request(stack.worker, { force: true, batch_size: 100 });
    assert.deepEqual([summary.total, summary.success, summary.skipped], [25, 20, 5]);
    assert.ok((await stack.state(id)).embedded_at > before);
  });

  test("failures are told one by one, and do not stop it", async () => {
    await stack.supabase.db.query(
      "update users set current_title = current_title || ' more' where current_title is not null",
    );
    const worker = await stack.addWorker({ vars: { EMBEDDING_PROVIDER: "workers-ai" } });
    stack.ai.refuse(`T ${users[3]?.id}`);
    const { lines, summary } = await request(worker, { batch_size: 100 });
    const failed = lines.filter(({ status }) => status === "failed");
    assert.deepEqual(failed, [
      { user_id: users[3]?.id, status: "failed", reason: "the embedding model answered HTTP 400" },
    ]);
    assert.deepEqual([summary.failed, summary.success, summary.done], [1, 19, true]);
    stack.ai.refuse("");
  });

  test("an outage of the database ends it with done: false and the reason", async () => {
    stack.proxy.faults.add({ kind: "status", status: 403 });
    const { lines, summary } = await request(stack.worker, { force: true });
    stack.proxy.faults.clear();
    assert.deepEqual([lines.length, summary.done], [0, false]);
    assert.equal(summary.error, "the database could not be searched");
  });
});

describe("5,000 users", () => {
  const COUNT = 5000;
  const random = seededRandom(SEED);
  const words = ["rust", "C", "team", "Lead", "cloud", "Zürich", "data", "ops", "kernel", "ÅB", "web", "senior"];
  const phrase = (/** @type {number} */ most) =>
    Array.from({ length: 1 + Math.floor(random() * most) }, () => pick(random, words)).join(" ");
  /** The expected text by user. @type {Map<string, string>} */
  const texts = new Map();

  before(async () => {
    await empty();
    const users = await stack.users(COUNT);
    const rows = users.map(({ id }, i) => ({
      id,
      title: i % 5 === 0 ? null : phrase(4),
      position: i % 5 !== 0 && i % 3 === 0 ? phrase(2) : null,
      skill: i % 7 === 1 ? `${phrase(1)} ${i}` : null,
    }));
    const { db } = stack.supabase;
    const json = JSON.stringify(rows);
    const from = "from jsonb_to_recordset($1) as r (id uuid, title text, position text, skill text)";
    await db.query(`update users u set current_title = r.title ${from} where u.id = r.id and r.title is not null`, [
      json,
    ]);
    await db.query(
      `insert into work_experience (user_id, position, company, start_date)
       select r.id, r.position, 'Acme', '2020-01-01' ${from} where r.position is not null`,
      [json],
    );
    await db.query(`insert into skills (user_id, name) select r.id, r.skill ${from} where r.skill is not null`, [json]);
    for (const { id, title, position, skill } of rows) {
      const experiences = position ? [{ position, company: "Acme" }] : [];
      texts.set(id, resumeText({ current_title: title, experiences, skills: skill ? [{ name: skill }] : [] }));
    }
  });

  const withText = () => [...texts.values()].filter((text) => text !== "").length;

  async function assertAllRight() {
    const { db } = stack.supabase;
    let last = "00000000-0000-0000-0000-000000000000";
    let checked = 0;
    for (;;) {
      const { rows } = await db.query(
        `select u.id, u.resume_embedding::text as vector, s.embedded_revision = s.revision as fresh
         from users u join resume_embedding_state s on s.user_id = u.id where u.id > $1 order by u.id limit 500`,
        [last],
      );
      if (rows.length === 0) break;
      for (const { id, vector, fresh } of /** @type {any[]} */ (rows)) {
        const text = texts.get(id) ?? assert.fail();
        assert.ok(fresh, id);
        assert.ok(vectorDistance(vector && JSON.parse(vector), text === "" ? null : mockVector(text)) < NEAR, text);
        checked++;
        last = id;
      }
    }
    assert.equal(checked, COUNT);
  }

  test(`a run killed at a random moment, and a second one (TEST_SEED=${SEED})`, async () => {
    const worker = await stack.addWorker({ vars: VARS });
    const killAt = 100 + Math.floor(random() * 1000);
    const { lines } = await request(worker, { batch_size: 100 }, killAt);
    await worker.dispose();
    const { rows } = await stack.supabase.db.query(
      "select count(*) as n from resume_embedding_state where embedded_revision < revision",
    );
    const left = Number(/** @type {any} */ (rows[0]).n);
    assert.ok(left > 0 && left <= COUNT - lines.length, `${left} left after ${lines.length} lines`);

    const second = await drive(stack.worker, { batch_size: 100 });
    assert.equal(second.lines.length, left);
    assert.ok(second.requests > 1, "it stopped by itself before the runtime's limits");
    assert.ok(second.lines.every(({ status, reason }) => status === "success" || reason === "empty"));
    await assertAllRight();
    const vectors = await stack.supabase.db.query("select count(resume_embedding) as n from users");
    assert.equal(Number(/** @type {any} */ (vectors.rows[0]).n), withText());
  });

  test("then there is nothing left to do", async () => {
    assert.deepEqual((await drive(stack.worker, { batch_size: 100 })).lines, []);
  });

  test("two at once, and edits meanwhile, do no harm", async () => {
    const { db } = stack.supabase;
    const ids = [...texts.keys()].slice(1000, 2000);
    await db.query("update users set current_title = 'changed ' || id where id = any ($1)", [ids]);
    const edited = ids.filter((_, i) => i % 20 === 0);
    const edits = async () => {
      for (const id of edited) {
        await db.query("update users set current_title = 'changed again ' || id where id = $1", [id]);
      }
    };
    await Promise.all([drive(stack.worker, { batch_size: 50 }), drive(stack.worker, { batch_size: 50 }), edits()]);
    await drive(stack.worker, { batch_size: 100 });
    for (const id of ids) texts.set(id, await stack.text(id));
    assert.ok(edited.every((id) => texts.get(id)?.startsWith("changed again")));
    await assertAllRight();
  });
});
