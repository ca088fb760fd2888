// Who may read, write and call what: through HTTP as users do, and in the catalog.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { addUsers, signJwt, signUp, startSupabase } from "../../scripts/supabase.mjs";
import { restClient, stateOf, store, TAG, vectorOf, vectorText } from "./support.mjs";

/** @type {import("./support.mjs").Supabase} */
let supabase;
/** @type {{ id: string, token: string }} */
let alice;
/** @type {{ id: string, token: string }} */
let bob;

before(async () => {
  supabase = await startSupabase();
  alice = await signUp(supabase.url, supabase.anonKey, "alice@example.com", "password123");
  bob = await signUp(supabase.url, supabase.anonKey, "bob@example.com", "password456");
});
after(() => supabase.close());

/** @param {string} userId */
const work = (userId) => ({ user_id: userId, position: "Cook", company: "Bistro", start_date: "2024-01-01" });

describe("row-level security", () => {
  test("shows each user one profile and one state, their own", async () => {
    for (const user of [alice, bob]) {
      const rest = restClient(supabase, user.token);
      const profiles = await rest("GET", "users?select=id");
      assert.deepEqual(profiles, { status: 200, body: [{ id: user.id }] });
      const states = await rest("GET", "resume_embedding_state?select=user_id,revision");
      assert.deepEqual(states, { status: 200, body: [{ user_id: user.id, revision: 1 }] });
    }
  });

  for (const [table, row, change] of /** @type {const} */ ([
    ["work_experience", work, { company: "Diner" }],
    ["skills", (/** @type {string} */ id) => ({ user_id: id, name: "Soup" }), { level: "expert" }],
  ])) {
    test(`keeps ${table} apart: read, change, delete, add and move`, async () => {
      const hers = restClient(supabase, alice.token);
      const his = restClient(supabase, bob.token);
      const added = await hers("POST", table, row(alice.id));
      assert.equal(added.status, 201);
      const { id } = added.body[0];

      assert.deepEqual((await his("GET", `${table}?id=eq.${id}`)).body, []);
      assert.deepEqual((await his("PATCH", `${table}?id=eq.${id}`, change)).body, []);
      assert.deepEqual((await his("DELETE", `${table}?id=eq.${id}`)).body, []);
      const foreign = await his("POST", table, row(alice.id));
      assert.deepEqual([foreign.status, foreign.body.code], [403, "42501"]);
      const moved = await hers("PATCH", `${table}?id=eq.${id}`, { user_id: bob.id });
      assert.deepEqual([moved.status, moved.body.code], [403, "42501"]);

      assert.deepEqual((await hers("GET", `${table}?id=eq.${id}`)).body, added.body, "untouched");
      assert.equal((await hers("PATCH", `${table}?id=eq.${id}`, change)).body.length, 1);
      assert.equal((await hers("DELETE", `${table}?id=eq.${id}`)).body.length, 1);
    });
  }

  test("lets a user change their profile, not another's, and delete neither", async () => {
    const rest = restClient(supabase, alice.token);
    const own = await rest("PATCH", `users?id=eq.${alice.id}`, { location: "Lyon" });
    assert.deepEqual([own.status, own.body[0].location], [200, "Lyon"]);
    assert.deepEqual((await rest("PATCH", `users?id=eq.${bob.id}`, { location: "Lyon" })).body, []);
    for (const id of [alice.id, bob.id]) {
      const deleted = await rest("DELETE", `users?id=eq.${id}`);
      assert.deepEqual([deleted.status, deleted.body.code], [403, "42501"]);
    }
  });

  test("lets a user without a profile row add their own only", async () => {
    const [carol] = await addUsers(supabase, 1);
    await supabase.db.query("delete from users where id = $1", [carol.id]);
    const rest = restClient(supabase, carol.token);
    const foreign = await rest("POST", "users", { id: "bbbbbbbb-0000-4000-8000-000000000001" });
    assert.deepEqual([foreign.status, foreign.body.code], [403, "42501"]);
    const own = await rest("POST", "users", { id: carol.id, email: carol.email, current_title: "Baker" });
    assert.equal(own.status, 201);
    assert.equal(Number((await stateOf(supabase.db, carol.id)).revision), 1);
  });

  test("shows nothing to anon, and everything to the service role", async () => {
    const anon = restClient(supabase);
    const service = restClient(supabase, supabase.serviceRoleKey);
    for (const table of ["users", "work_experience", "skills", "resume_embedding_state"]) {
      const refused = await anon("GET", table);
      assert.deepEqual([refused.status, refused.body.code], [401, "42501"], table);
      assert.equal((await service("GET", table)).status, 200, table);
    }
    assert.ok((await service("GET", "users")).body.length >= 2);
  });

  test("holds when requests of many users overlap", async () => {
    const users = await addUsers(supabase, 10);
    const answers = await Promise.all(
      Array.from({ length: 60 }, async (_, i) => {
        const user = users[i % users.length];
        const { body } = await restClient(supabase, user.token)("GET", "users?select=id");
        return [user.id, body];
      }),
    );
    for (const [id, body] of answers) assert.deepEqual(body, [{ id }]);
  });

  test("holds for a change without any filter", async () => {
    const rest = restClient(supabase, alice.token);
    await restClient(supabase, bob.token)("POST", "skills", { user_id: bob.id, name: "Unfiltered" });
    await rest("PATCH", "users", { location: "Everywhere" }, "return=minimal");
    await rest("PATCH", "skills", { level: "expert" }, "return=minimal");
    await rest("DELETE", "skills", undefined, "return=minimal");
    const { rows } = await supabase.db.query(
      `select u.id, s.name, s.level from users u left join skills s on s.user_id = u.id and s.name = 'Unfiltered'
       where u.location = 'Everywhere' or s.name is not null order by s.name nulls first`,
    );
    assert.deepEqual(rows, [
      { id: alice.id, name: null, level: null },
      { id: bob.id, name: "Unfiltered", level: null },
    ]);
  });
});

describe("the embedding", () => {
  const vector = vectorText(5);

  test("cannot be written with a user's token, in an update or an insert", async () => {
    const rest = restClient(supabase, alice.token);
    const update = await rest("PATCH", `users?id=eq.${alice.id}`, { resume_embedding: vector });
    assert.deepEqual([update.status, update.body.code], [403, "42501"]);
    const cleared = await rest("PATCH", `users?id=eq.${alice.id}`, { resume_embedding: null });
    assert.deepEqual([cleared.status, cleared.body.code], [403, "42501"]);

    const [dave] = await addUsers(supabase, 1);
    await supabase.db.query("delete from users where id = $1", [dave.id]);
    const insert = await restClient(supabase, dave.token)("POST", "users", {
      id: dave.id,
      resume_embedding: vector,
    });
    assert.deepEqual([insert.status, insert.body.code], [403, "42501"]);
    assert.equal(await vectorOf(supabase.db, alice.id), null);
  });

  test("cannot even after somebody has granted everything on users", async (t) => {
    const [erin, frank] = await addUsers(supabase, 2);
    await supabase.db.query("delete from users where id = $1", [frank.id]);
    const { rows } = await supabase.db.query("select relacl::text as acl from pg_class where relname = 'users'");
    t.after(() => supabase.db.exec("revoke insert, update, delete on users from anon, authenticated"));
    await supabase.db.exec("grant all on users to anon, authenticated");
    assert.notDeepEqual(
      (await supabase.db.query("select relacl::text as acl from pg_class where relname = 'users'")).rows,
      rows,
    );

    const rest = restClient(supabase, erin.token);
    const update = await rest("PATCH", `users?id=eq.${erin.id}`, { resume_embedding: vector });
    assert.deepEqual([update.status, update.body.code], [403, "42501"]);
    assert.match(update.body.message, /column resume_embedding/);
    const insert = await restClient(supabase, frank.token)("POST", "users", {
      id: frank.id,
      resume_embedding: vector,
    });
    assert.deepEqual([insert.status, insert.body.code], [403, "42501"]);
    const harmless = await rest("PATCH", `users?id=eq.${erin.id}`, { current_title: "Pilot" });
    assert.equal(harmless.status, 200, "other columns are not affected");
    assert.equal(await vectorOf(supabase.db, erin.id), null);
  });

  test("has a state that a user's token can read and not write", async () => {
    const rest = restClient(supabase, alice.token);
    const path = `resume_embedding_state?user_id=eq.${alice.id}`;
    for (const [method, body] of /** @type {const} */ ([
      ["PATCH", { embedded_revision: 99 }],
      ["POST", { user_id: alice.id, revision: 99 }],
      ["DELETE", undefined],
    ])) {
      const answer = await rest(method, path, body);
      assert.deepEqual([answer.status, answer.body.code], [403, "42501"], method);
    }
  });

  test("is stored by the service role", async () => {
    const item = { user_id: alice.id, revision: 1, model: TAG, text_hash: "h", embedding: vector };
    const service = restClient(supabase, supabase.serviceRoleKey);
    const answer = await service("POST", "rpc/store_resume_embeddings", { items: [item] });
    assert.deepEqual(answer, { status: 200, body: [{ user_id: alice.id, outcome: "stored" }] });
    assert.equal(await vectorOf(supabase.db, alice.id), vector);
  });
});

describe("functions", () => {
  const calls = /** @type {const} */ ([
    ["store_resume_embeddings", { items: [] }, 200],
    ["record_resume_failures", { items: [] }, 204],
    ["stale_resumes", {}, 200],
    ["count_stale_resumes", {}, 200],
  ]);
  for (const [name, body, status] of calls) {
    test(`${name} answers the service role alone`, async () => {
      const asAnon = await restClient(supabase)("POST", `rpc/${name}`, body);
      assert.deepEqual([asAnon.status, asAnon.body.code], [401, "42501"]);
      const asUser = await restClient(supabase, alice.token)("POST", `rpc/${name}`, body);
      assert.deepEqual([asUser.status, asUser.body.code], [403, "42501"]);
      const asService = await restClient(supabase, supabase.serviceRoleKey)("POST", `rpc/${name}`, body);
      assert.equal(asService.status, status);
    });
  }

  test("the role itself is refused in SQL, not only by the Data API", async () => {
    await assert.rejects(
      supabase.db.transaction(async (tx) => {
        await tx.exec("set local role authenticated");
        await store(tx, { user_id: alice.id });
      }),
      /permission denied for function store_resume_embeddings/,
    );
  });

  test("none in public is executable by anon or authenticated, and all pin their search path", async () => {
    const { rows } = await supabase.db.query(`
      select proname as name, proconfig::text as config,
        has_function_privilege('anon', oid, 'execute') or has_function_privilege('authenticated', oid, 'execute')
          as callable
      from pg_proc where pronamespace = 'public'::regnamespace order by 1`);
    assert.ok(rows.length >= 14, `only ${rows.length} functions`);
    for (const row of rows) {
      const { name, config, callable } = /** @type {any} */ (row);
      assert.deepEqual({ name, config, callable }, { name, config: '{"search_path=\\"\\""}', callable: false });
    }
  });
});

describe("keys and tokens", () => {
  /** @param {Record<string, string>} headers */
  const status = async (headers) => (await fetch(`${supabase.url}/rest/v1/users`, { headers })).status;
  const claims = () => ({ role: "authenticated", sub: alice.id, exp: Math.floor(Date.now() / 1000) + 60 });

  test("an unknown key, no key, and a key of another project are refused", async () => {
    const otherAnon = signJwt("another-project-with-a-secret-of-its-own", { role: "anon", exp: 1983812996 });
    assert.equal(await status({}), 401);
    assert.equal(await status({ apikey: "nonsense" }), 401);
    assert.equal(await status({ apikey: otherAnon }), 401);
    assert.equal(await status({ apikey: otherAnon, authorization: `Bearer ${alice.token}` }), 401);
    assert.equal(await status({ authorization: `Bearer ${alice.token}` }), 401);
  });

  test("a forged or expired user token is refused", async () => {
    const apikey = supabase.anonKey;
    const forged = signJwt("some-other-secret-of-sufficient-length", claims());
    const expired = signJwt(supabase.jwtSecret, { ...claims(), exp: Math.floor(Date.now() / 1000) - 60 });
    assert.equal(await status({ apikey, authorization: `Bearer ${forged}` }), 401);
    assert.equal(await status({ apikey, authorization: `Bearer ${expired}` }), 401);
    assert.equal(await status({ apikey, authorization: `Bearer ${signJwt(supabase.jwtSecret, claims())}` }), 200);
  });

  test("no token makes a request run as another database role", async () => {
    const apikey = supabase.anonKey;
    for (const role of ["postgres", "pg_read_all_data", "", 7]) {
      const token = signJwt(supabase.jwtSecret, { ...claims(), role });
      assert.equal(await status({ apikey, authorization: `Bearer ${token}` }), 403, String(role));
    }
  });

  test("a new account's session is valid for the Auth API at once", async () => {
    const response = await fetch(`${supabase.url}/auth/v1/user`, {
      headers: { apikey: supabase.anonKey, authorization: `Bearer ${bob.token}` },
    });
    assert.deepEqual([response.status, (await response.json()).id], [200, bob.id]);
  });
});
