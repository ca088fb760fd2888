// The whole story with real sign-ups: what a user edits becomes the stored vector, and nobody else sees it.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { signIn, signUp } from "../../scripts/supabase.mjs";
import { mockVector, vectorDistance } from "../lib/mock-embedding.mjs";
import { client, startStack } from "../lib/stack.mjs";
import { until } from "../lib/until.mjs";

const PROFILE = "/api/profile";
const WORK = "/api/profile/work-experience";
const SKILLS = "/api/profile/skills";
const PASSWORD = "correct horse battery staple";
const NEAR = 1e-6;

/** @type {import("../lib/stack.mjs").Stack} */
let stack;
before(async () => {
  stack = await startStack({ ai: false, vars: { EMBEDDING_PROVIDER: "mock" } });
});
after(() => stack.close());

/** @param {string} name */
async function newUser(name) {
  const { url, anonKey } = stack.supabase;
  const { id, token } = await signUp(url, anonKey, `${name}@example.com`, PASSWORD);
  return { id, api: client(stack.worker, token), token };
}

/** Waits until the stored vector reflects the profile, and checks that it is the right one. @param {string} id */
async function settled(id) {
  await until(`the embedding of ${id} is up to date`, async () => {
    const { revision, embedded_revision } = await stack.state(id);
    return revision === embedded_revision;
  });
  const text = await stack.text(id);
  const vector = await stack.vector(id);
  assert.ok(vectorDistance(vector, text === "" ? null : mockVector(text)) < NEAR, `not the vector of "${text}"`);
  return vector;
}

test("sign up, edit, add, change, delete: the vector follows", async () => {
  const { id, api } = await newUser("ada");
  assert.equal((await api.get("/api/profile/embedding")).body.status, "stale");

  await api.put(PROFILE, { current_title: "Staff Engineer", professional_summary: "Builds compilers." });
  const first = await settled(id);
  const { body } = await api.get("/api/profile/embedding");
  assert.deepEqual([body.status, body.model, body.dimensions, body.error], ["fresh", "mock", 768, null]);

  const { experience } = (
    await api.post(WORK, { position: "Engineer", company: "Acme", description: "LLVM", start_date: "2019-01-01" })
  ).body;
  const { skill } = (await api.post(SKILLS, { name: "C", level: "expert" })).body;
  const second = await settled(id);
  assert.ok(vectorDistance(first, second) > NEAR);

  await api.patch(`${WORK}/${experience.id}`, { company: "Beta" });
  await settled(id);
  await api.delete(`${SKILLS}/${skill.id}`);
  await api.delete(`${WORK}/${experience.id}`);
  await api.patch(PROFILE, { current_title: null, professional_summary: "" });
  assert.equal(await settled(id), null);
  assert.equal((await api.get("/api/profile/embedding")).body.status, "empty");
});

test("an account that is older than the tables gets its row at the first edit", async () => {
  const { id } = await newUser("older");
  await stack.supabase.db.query("delete from users where id = $1", [id]);
  const { token } = await signIn(stack.supabase.url, stack.supabase.anonKey, "older@example.com", PASSWORD);
  const api = client(stack.worker, token);
  const { status, body } = await api.post(SKILLS, { name: "COBOL" });
  assert.equal(status, 201, JSON.stringify(body));
  assert.ok(vectorDistance(await settled(id), mockVector("COBOL")) < NEAR);
  assert.equal((await api.get(PROFILE)).body.profile.email, "older@example.com");
});

test("a token from sign-up is verified by the auth server where no secret is configured", async () => {
  const { token, id } = await newUser("asked");
  const worker = await stack.addWorker({ vars: { SUPABASE_JWT_SECRET: "", EMBEDDING_PROVIDER: "mock" } });
  const { status, body } = await client(worker, token).get(PROFILE);
  assert.deepEqual([status, body.profile?.id], [200, id]);
  assert.ok(stack.proxy.summary().includes("GET /auth/v1/user"));
});

test("50 edits of one profile at once end with the vector of the final text", async () => {
  const { id, api } = await newUser("busy");
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, i) =>
      i % 3 === 0
        ? api.post(SKILLS, { name: `Skill ${i}` })
        : i % 3 === 1
          ? api.patch(PROFILE, { current_title: `Title ${i}` })
          : api.post(WORK, { position: `P${i}`, company: `C${i}`, start_date: `20${10 + (i % 10)}-01-01` }),
    ),
  );
  assert.ok(answers.every(({ status }) => status === 200 || status === 201));
  assert.equal((await api.get(SKILLS)).body.skills.length, 17);
  await settled(id);
});

describe("two users never see each other's rows", () => {
  /** @type {Awaited<ReturnType<typeof newUser>>} */
  let victim;
  /** @type {Awaited<ReturnType<typeof newUser>>} */
  let thief;
  /** @type {string} */
  let workId;
  /** @type {string} */
  let skillId;
  const tables = ["users", "work_experience", "skills", "resume_embedding_state"];
  const SECRET_WORD = "Zanzibar";

  before(async () => {
    victim = await newUser("victim");
    thief = await newUser("thief");
    await victim.api.patch(PROFILE, { current_title: SECRET_WORD });
    workId = (await victim.api.post(WORK, { position: SECRET_WORD, company: "C", start_date: "2020-01-01" })).body
      .experience.id;
    skillId = (await victim.api.post(SKILLS, { name: SECRET_WORD })).body.skill.id;
    await settled(victim.id);
  });

  const snapshot = async () =>
    JSON.stringify(
      await Promise.all(
        [
          "select id, email, current_title, resume_embedding::text from users where id = $1",
          "select * from work_experience where user_id = $1",
          "select * from skills where user_id = $1",
          "select * from resume_embedding_state where user_id = $1",
        ].map(async (sql) => (await stack.supabase.db.query(sql, [victim.id])).rows),
      ),
    );

  const attacks = async () => {
    const { api } = thief;
    const theirs = { id: victim.id, user_id: victim.id };
    return Promise.all([
      api.get(PROFILE),
      api.get(`${PROFILE}?id=eq.${victim.id}`),
      api.patch(PROFILE, { ...theirs, current_title: "Mine" }),
      api.get(WORK),
      api.get(`${WORK}?user_id=eq.${victim.id}&select=*`),
      api.get(`${WORK}/${workId}`),
      api.patch(`${WORK}/${workId}`, { ...theirs, company: "Mine" }),
      api.put(`${WORK}/${workId}`, { company: "Mine" }),
      api.delete(`${WORK}/${workId}`),
      api.get(SKILLS),
      api.get(`${SKILLS}/${skillId}`),
      api.patch(`${SKILLS}/${skillId}`, { ...theirs, name: "Mine" }),
      api.delete(`${SKILLS}/${skillId}`),
      api.get("/api/profile/embedding"),
      api.get(`/api/profile/embedding?user_id=eq.${victim.id}`),
      api.post("/api/admin/backfill", {}),
    ]);
  };

  /** @param {import("../lib/stack.mjs").Answer[]} answers */
  const assertHarmless = (answers) => {
    for (const { body } of answers) {
      const text = JSON.stringify(body);
      assert.ok(!text.includes(SECRET_WORD) && !text.includes(victim.id), text);
    }
    const perRow = answers.slice(5, 9).concat(answers.slice(10, 13));
    assert.ok(perRow.every(({ status }) => status === 404));
  };

  test("through any route", async () => {
    const before = await snapshot();
    assertHarmless(await attacks());
    assert.equal(await snapshot(), before);
  });

  test("a user_id in the body is not believed", async () => {
    const { body } = await thief.api.post(SKILLS, { name: "Lock picking", user_id: victim.id, id: skillId });
    assert.equal(body.skill.user_id, thief.id);
    assert.notEqual(body.skill.id, skillId);
  });

  test("with row-level security switched off, the worker still names the owner", async () => {
    const before = await snapshot();
    const all = (/** @type {string} */ action) =>
      stack.supabase.db.exec(tables.map((table) => `alter table ${table} ${action} row level security;`).join(""));
    await all("disable");
    try {
      assertHarmless(await attacks());
    } finally {
      await all("enable");
    }
    assert.equal(await snapshot(), before);
  });

  test("without the worker, row-level security still stops the token", async () => {
    const before = await snapshot();
    const direct = (/** @type {string} */ path, /** @type {RequestInit} */ init = {}) =>
      fetch(`${stack.supabase.url}/rest/v1/${path}`, {
        ...init,
        headers: {
          apikey: stack.supabase.anonKey,
          authorization: `Bearer ${thief.token}`,
          "content-type": "application/json",
          prefer: "return=representation",
        },
      });
    for (const table of tables) {
      const rows = await (await direct(`${table}?select=*`)).json();
      assert.ok(!JSON.stringify(rows).includes(victim.id), table);
    }
    const vector = JSON.stringify(Array(768).fill(0.5));
    for (const [path, body] of /** @type {[string, object][]} */ ([
      [`users?id=eq.${victim.id}`, { current_title: "Mine" }],
      [`users?id=eq.${victim.id}`, { resume_embedding: vector }],
      [`skills?id=eq.${skillId}`, { name: "Mine" }],
      [`work_experience?id=eq.${workId}`, { company: "Mine" }],
      [`resume_embedding_state?user_id=eq.${victim.id}`, { revision: 1 }],
    ])) {
      const changed = await (await direct(path, { method: "PATCH", body: JSON.stringify(body) })).json();
      assert.ok(!Array.isArray(changed) || changed.length === 0, path);
      await direct(path, { method: "DELETE" });
    }
    assert.equal(await snapshot(), before);
  });

  test("nobody writes an embedding column with a user's token, not even their own", async () => {
    const vector = JSON.stringify(Array(768).fill(0.5));
    const before = await stack.vector(thief.id);
    for (const [path, body] of /** @type {[string, object][]} */ ([
      [`users?id=eq.${thief.id}`, { resume_embedding: vector }],
      [`resume_embedding_state?user_id=eq.${thief.id}`, { embedded_revision: 99 }],
    ])) {
      const response = await fetch(`${stack.supabase.url}/rest/v1/${path}`, {
        method: "PATCH",
        headers: {
          apikey: stack.supabase.anonKey,
          authorization: `Bearer ${thief.token}`,
          "content-type": "application/json",
        },
        body: JSON.stringify(body),
      });
      assert.ok([401, 403].includes(response.status), `${path}: ${response.status}`);
    }
    const item = { user_id: thief.id, revision: 1, model: "x", text_hash: "x", embedding: vector, force: true };
    const rpc = await fetch(`${stack.supabase.url}/rest/v1/rpc/store_resume_embeddings`, {
      method: "POST",
      headers: {
        apikey: stack.supabase.anonKey,
        authorization: `Bearer ${thief.token}`,
        "content-type": "application/json",
      },
      body: JSON.stringify({ items: [item] }),
    });
    assert.ok([401, 403, 404].includes(rpc.status), String(rpc.status));
    assert.deepEqual(await stack.vector(thief.id), before);
  });
});
