// Two users: row-level security and the core each keep them apart by themselves, so each is tested with the other
// switched off. What is attacked is what the API itself says that it has.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { signIn, signJwt, signUp } from "../../scripts/supabase.mjs";
import { startStack } from "../lib/stack.mjs";
import { until } from "../lib/until.mjs";

const TABLES = ["users", "work_experience", "skills", "resume_embedding_state"];
const SECRET_WORD = "Zanzibar";
const PASSWORD = "correct horse battery staple";
const VECTOR = JSON.stringify(Array.from({ length: 768 }, (_, i) => (i ? 0 : 1)));

/** @typedef {{ id: string, token: string, workId: string, skillId: string }} Person */
/** @typedef {{ method: string, path: string, body?: unknown, headers?: Record<string, string> }} Attack */
/** @typedef {{ status: number, text: string }} Outcome */

/** @type {import("../lib/stack.mjs").Stack} */
let stack;
/** @type {Person} */
let victim;
/** @type {Person} */
let thief;
/** Method and path of every route that a user's token opens. @type {[string, string][]} */
let routes;

before(async () => {
  stack = await startStack({ ai: false, vars: { EMBEDDING_PROVIDER: "mock" } });
  [victim, thief] = [await person("victim", SECRET_WORD), await person("thief", "Crowbar")];
  const { paths } = await (await stack.worker.fetch("/api/openapi.json")).json();
  routes = Object.entries(paths).flatMap(([path, item]) =>
    Object.keys(/** @type {any} */ (item))
      .filter((method) => ["get", "put", "patch", "post", "delete"].includes(method) && path.startsWith("/api/profile"))
      .map((method) => /** @type {[string, string]} */ ([method.toUpperCase(), path])),
  );
});
after(() => stack.close());

/** @param {string} name @param {string} word stands everywhere in the profile @returns {Promise<Person>} */
async function person(name, word) {
  const { url, anonKey, db } = stack.supabase;
  const { id, token } = await signUp(url, anonKey, `${name}@example.com`, PASSWORD);
  await db.query("update users set current_title = $2, phone = $2 where id = $1", [id, word]);
  const rowOf = async (/** @type {string} */ sql) =>
    /** @type {any} */ ((await db.query(`${sql} returning id`, [id, word])).rows[0]).id;
  const workId = await rowOf(
    "insert into work_experience (user_id, position, company, start_date) values ($1, $2, $2, '2020-01-01')",
  );
  const skillId = await rowOf("insert into skills (user_id, name) values ($1, $2)");
  await stack.worker.consume([{ body: { user_id: id } }]);
  return { id, token, workId, skillId };
}

/** All that the database holds about somebody, but for the changing times. @param {string} id */
async function snapshot(id) {
  const sql = [
    "select u.*, resume_embedding::text from users u where id = $1",
    "select * from work_experience where user_id = $1 order by id",
    "select * from skills where user_id = $1 order by id",
    "select * from resume_embedding_state where user_id = $1",
  ];
  return JSON.stringify(await Promise.all(sql.map(async (one) => (await stack.supabase.db.query(one, [id])).rows)));
}

/** @param {string} base @param {Attack} attack @param {Record<string, string>} headers @returns {Promise<Outcome>} */
async function perform(base, { method, path, body, headers: own }, headers) {
  const response = await fetch(`${base}${path}`, {
    method,
    headers: { ...(body !== undefined && { "content-type": "application/json" }), ...headers, ...own },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { status: response.status, text: await response.text() };
}

/** @param {Attack} attack @param {string} [token] */
const throughApi = (attack, token = thief.token) =>
  perform(stack.worker.url, attack, { authorization: `Bearer ${token}` });

/** @param {Attack} attack @param {string} [token] */
const direct = (attack, token = thief.token) =>
  perform(`${stack.supabase.url}/rest/v1/`, attack, {
    apikey: stack.supabase.anonKey,
    authorization: `Bearer ${token}`,
    prefer: "return=representation",
  });

/** Every route with every trick. @returns {Attack[]} */
function attacksOnApi() {
  const theirs = { id: victim.id, user_id: victim.id, owner: victim.id, email: "thief@example.com" };
  const filters = [
    "",
    `?id=eq.${victim.id}&user_id=eq.${victim.id}`,
    `?or=(user_id.eq.${victim.id},id.eq.${victim.id})&select=*&limit=1000`,
  ];
  const ids = (/** @type {string} */ path) => {
    if (!path.includes("{")) return [path];
    const targets = [victim.workId, victim.skillId, victim.id, victim.skillId.toUpperCase()];
    return targets.map((id) => path.replace(/\{\w+\}/, id));
  };
  const bodies = [
    { ...theirs, current_title: "Mine", first_name: "Mine" },
    { ...theirs, name: "Mine", level: "expert", skill_id: victim.skillId },
    { ...theirs, position: "Mine", company: "Mine", start_date: "2021-01-01", resume_embedding: VECTOR },
    { user_id: victim.id },
    { resume_embedding: VECTOR, revision: 99, embedded_revision: 99, phone: "Mine" },
  ];
  return routes.flatMap(([method, route]) =>
    ids(route).flatMap((path) =>
      method === "GET" || method === "DELETE"
        ? filters.map((filter) => ({ method, path: `${path}${filter}` }))
        : bodies.map((body, i) => ({ method, path: `${path}${filters[i % filters.length]}`, body })),
    ),
  );
}

/** @param {Attack} attack @param {Outcome} outcome */
function assertHarmless(attack, { status, text }) {
  const what = `${attack.method} ${attack.path} ${JSON.stringify(attack.body)}: ${status} ${text}`;
  assert.ok(status < 500, what);
  for (const word of [SECRET_WORD, victim.id, victim.workId, victim.skillId]) assert.ok(!text.includes(word), what);
  if (attack.path.startsWith("/api/") && /[0-9a-f]{8}-/i.test(attack.path.split("?")[0] ?? "")) {
    assert.ok(status === 404 || status === 400, what);
  }
}

/** @param {() => Promise<void>} work */
async function withoutRowSecurity(work) {
  const all = (/** @type {string} */ action) =>
    stack.supabase.db.exec(TABLES.map((table) => `alter table ${table} ${action} row level security;`).join(""));
  await all("disable");
  try {
    await work();
  } finally {
    await all("enable");
  }
}

async function attackApi() {
  const before = await snapshot(victim.id);
  const attacks = attacksOnApi();
  for (const attack of attacks) assertHarmless(attack, await throughApi(attack));
  await until("the updates behind have ended", async () => {
    const { revision, embedded_revision } = await stack.state(thief.id);
    return revision === embedded_revision;
  });
  assert.equal(await snapshot(victim.id), before);
  return attacks.length;
}

describe("through the API", () => {
  test("no route gives or takes anything of another's", async () => {
    assert.ok(routes.length >= 14, JSON.stringify(routes));
    const count = await attackApi();
    assert.ok(count >= 100, `${count} attacks`);
    assert.match(
      (await throughApi({ method: "GET", path: "/api/profile" })).text,
      /"Mine"/,
      "they were the thief's own edits",
    );
  });

  test("nor does the core without row-level security", () =>
    withoutRowSecurity(async () => {
      const all = await direct({ method: "GET", path: "users?select=current_title" });
      assert.match(all.text, new RegExp(SECRET_WORD), "row-level security is off indeed");
      await attackApi();
    }));

  test("nor with a token that is not the thief's to use", async () => {
    const [theirs, own] = [victim.token, thief.token].map((token) => token.split("."));
    const { jwtSecret, anonKey, serviceRoleKey } = stack.supabase;
    const now = Math.floor(Date.now() / 1000);
    const claims = { aud: "authenticated", role: "authenticated", sub: victim.id, exp: now + 3600 };
    const before = await snapshot(victim.id);
    for (const [what, token] of Object.entries({
      "the victim's claims, the thief's signature": `${own?.[0]}.${theirs?.[1]}.${own?.[2]}`,
      "the victim's claims, no signature": `${theirs?.[0]}.${theirs?.[1]}.`,
      "the victim's token, expired": signJwt(jwtSecret, { ...claims, exp: now - 60 }),
      "another project's token of the victim": signJwt("another-secret-of-more-than-32-characters-in-all", claims),
      "a token of the service": signJwt(jwtSecret, { ...claims, role: "service_role" }),
      "the anon key": anonKey,
      "the service-role key": serviceRoleKey,
    })) {
      for (const [method, route] of routes) {
        const path = route.replace(/\{\w+\}/, route.includes("skills") ? victim.skillId : victim.workId);
        const body =
          method === "GET" || method === "DELETE"
            ? undefined
            : { current_title: "Mine", name: "Mine", company: "Mine" };
        const { status, text } = await throughApi({ method, path, ...(body && { body }) }, token);
        assert.equal(status, 401, `${what}: ${method} ${path}`);
        assert.doesNotMatch(text, new RegExp(SECRET_WORD));
      }
    }
    assert.equal(await snapshot(victim.id), before);
  });
});

describe("around the API, straight to PostgREST", () => {
  const owner = (/** @type {string} */ table) => (table === "users" ? "id" : "user_id");
  const work = () => ({ user_id: victim.id, position: "Mine", company: "Mine", start_date: "2021-01-01" });

  /** @returns {Attack[]} */
  const attacksOnTables = () => {
    const upsert = { prefer: "resolution=merge-duplicates,return=representation" };
    return TABLES.flatMap((table) => {
      const target = `${table}?${owner(table)}=eq.${victim.id}`;
      /** @type {Record<string, unknown>} */
      const change = {
        users: { current_title: "Mine" },
        skills: { name: "Mine" },
        work_experience: { company: "Mine" },
      }[table] ?? { revision: 0 };
      return [
        { method: "GET", path: `${table}?select=*` },
        { method: "GET", path: `${target}&select=*`, headers: { prefer: "count=exact", range: "0-999" } },
        { method: "GET", path: `${table}?select=*&or=(${owner(table)}.eq.${victim.id},${owner(table)}.is.null)` },
        { method: "PATCH", path: target, body: change },
        { method: "PATCH", path: target, body: { ...change, [owner(table)]: thief.id } },
        { method: "DELETE", path: target },
        { method: "POST", path: table, body: { ...change, [owner(table)]: victim.id }, headers: upsert },
      ];
    }).concat([
      { method: "GET", path: "skills?select=*,users(*)" },
      { method: "GET", path: "users?select=*,skills(*),work_experience(*),resume_embedding_state(*)" },
      { method: "POST", path: "work_experience", body: work() },
      { method: "POST", path: "work_experience", body: { ...work(), id: victim.workId }, headers: upsert },
      {
        method: "POST",
        path: "skills",
        body: { user_id: victim.id, name: "Mine", id: victim.skillId },
        headers: upsert,
      },
      { method: "PATCH", path: `skills?user_id=eq.${thief.id}`, body: { user_id: victim.id } },
      { method: "PATCH", path: `work_experience?user_id=eq.${thief.id}`, body: { user_id: victim.id } },
      { method: "PATCH", path: `users?id=eq.${thief.id}`, body: { id: victim.id } },
    ]);
  };

  test("row-level security alone keeps them apart", async () => {
    const before = await snapshot(victim.id);
    for (const attack of attacksOnTables()) {
      const { status, text } = await direct(attack);
      // PostgREST may name the filter's value in an error; it never shows a row.
      for (const word of [SECRET_WORD, victim.workId]) {
        assert.ok(!text.includes(word), `${attack.method} ${attack.path}: ${status} ${text}`);
      }
      if (attack.method !== "GET" && status < 300) {
        assert.ok(["", "[]"].includes(text), `${attack.method} ${attack.path} changed ${text}`);
      }
      assert.equal(await snapshot(victim.id), before, `${attack.method} ${attack.path}`);
    }
  });

  test("and shows nothing to nobody", async () => {
    for (const table of TABLES) {
      for (const token of [stack.supabase.anonKey, signJwt("x".repeat(40), { role: "service_role", exp: 2e9 })]) {
        const { status, text } = await direct({ method: "GET", path: `${table}?select=*` }, token);
        assert.ok(status === 401 || status === 403, `${table}: ${status}`);
        assert.ok(!text.includes(SECRET_WORD));
      }
    }
  });
});

describe("a user's own embedding is not the user's to write", () => {
  /** The functions of the public schema that are no extension's. @returns {Promise<string[]>} */
  const functions = async () =>
    /** @type {any[]} */ (
      (
        await stack.supabase.db.query(
          `select distinct proname from pg_proc p where pronamespace = 'public'::regnamespace
             and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')`,
        )
      ).rows
    ).map(({ proname }) => proname);

  /** @returns {Attack[]} */
  const writes = () => {
    const upsert = { prefer: "resolution=merge-duplicates,return=minimal" };
    const state = {
      user_id: thief.id,
      revision: 1,
      embedded_revision: 99,
      model: "x",
      text_hash: "x",
      error: null,
      attempts: 0,
    };
    return [
      { method: "PATCH", path: `users?id=eq.${thief.id}`, body: { resume_embedding: VECTOR } },
      { method: "PATCH", path: `users?id=eq.${thief.id}`, body: { resume_embedding: null } },
      { method: "PATCH", path: `users?id=eq.${thief.id}`, body: { phone: "1", resume_embedding: VECTOR } },
      { method: "POST", path: "users", body: { id: thief.id, resume_embedding: VECTOR }, headers: upsert },
      {
        method: "POST",
        path: "users?columns=id,resume_embedding",
        body: { id: thief.id, resume_embedding: VECTOR },
        headers: upsert,
      },
      ...Object.entries(state).map(([column, value]) => ({
        ...{ method: "PATCH", path: `resume_embedding_state?user_id=eq.${thief.id}`, body: { [column]: value } },
      })),
      { method: "POST", path: "resume_embedding_state", body: state },
      { method: "POST", path: "resume_embedding_state", body: state, headers: upsert },
      { method: "DELETE", path: `resume_embedding_state?user_id=eq.${thief.id}` },
    ];
  };
  /** @param {string} name @returns {Attack[]} */
  const calls = (name) => {
    const item = { user_id: thief.id, revision: 1, model: "x", text_hash: "x", embedding: VECTOR, force: true };
    const failure = { user_id: thief.id, revision: 1, error: "x", retry_after_s: 1e6 };
    const bodies = [
      {},
      { items: [item] },
      { items: [failure] },
      { ids: [thief.id] },
      { include_fresh: true, max_rows: 9 },
    ];
    return bodies.map((body) => ({ method: "POST", path: `rpc/${name}`, body }));
  };

  /** @param {string} [token] */
  async function assertRefused(token) {
    const before = await snapshot(thief.id);
    const names = await functions();
    assert.ok(names.includes("store_resume_embeddings") && names.length >= 10, names.join());
    for (const attack of [...writes(), ...names.flatMap(calls)]) {
      const { status, text } = await direct(attack, token);
      assert.ok([400, 401, 403, 404, 405].includes(status), `${attack.method} ${attack.path}: ${status} ${text}`);
      assert.ok(!text.includes(victim.id));
    }
    assert.equal(await snapshot(thief.id), before);
  }

  test("by table or by function, over HTTP", () => assertRefused());
  test("nor without row-level security", () => withoutRowSecurity(() => assertRefused()));
  test("nor anybody's with the public key", () => assertRefused(stack.supabase.anonKey));

  test("which the service role may, with the very same vector", async () => {
    const { id, token } = await signIn(stack.supabase.url, stack.supabase.anonKey, "thief@example.com", PASSWORD);
    const { revision } = await stack.state(id);
    const items = [{ user_id: id, revision, model: "x", text_hash: "x", embedding: VECTOR, force: true }];
    const attack = { method: "POST", path: "rpc/store_resume_embeddings", body: { items } };
    assert.ok((await direct(attack, token)).status >= 400);
    const { serviceRoleKey } = stack.supabase;
    const stored = await direct({ ...attack, headers: { apikey: serviceRoleKey } }, serviceRoleKey);
    assert.deepEqual(JSON.parse(stored.text), [{ user_id: id, outcome: "stored" }]);
    assert.equal((await stack.vector(id))?.[0], 1);
  });
});
