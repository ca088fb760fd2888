// What moves a revision: every real change of the text, whoever makes it, and nothing else.
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { addUsers, startSupabase } from "../../scripts/supabase.mjs";
import { restClient, stateOf, store, vectorOf } from "./support.mjs";

/** @type {import("./support.mjs").Supabase} */
let supabase;
/** @type {import("@electric-sql/pglite").PGlite} */
let db;
/** @type {{ id: string, token: string }} */
let user;
/** @type {{ id: string, token: string }} */
let other;

before(async () => {
  supabase = await startSupabase();
  db = supabase.db;
});
after(() => supabase.close());

beforeEach(async () => {
  [user, other] = await addUsers(supabase, 2);
  for (const { id } of [user, other]) {
    await db.query("update users set current_title = 'Cook', professional_summary = 'Soup' where id = $1", [id]);
    await db.query(
      `insert into work_experience (user_id, position, company, description, start_date)
       values ($1, 'Chef', 'Bistro', 'Soups', '2020-01-01'), ($1, 'Waiter', 'Cafe', null, '2018-01-01')`,
      [id],
    );
    await db.query("insert into skills (user_id, name) values ($1, 'Soup'), ($1, 'Bread')", [id]);
  }
});

/** @param {{ id: string }} whose */
const revision = async (whose) => Number((await stateOf(db, whose.id)).revision);

/**
 * Runs SQL in which $1 is the user and $2 the other, and says by how much it moved the revision of each.
 * @param {string} sql
 */
async function bumps(sql) {
  const before = [await revision(user), await revision(other)];
  const statement = sql.replaceAll("$1", `'${user.id}'`).replaceAll("$2", `'${other.id}'`);
  await db.exec(statement);
  return [(await revision(user)) - before[0], (await revision(other)) - before[1]];
}

describe("a real change moves the revision by one per statement", () => {
  const rows = [
    ["a title", "update users set current_title = 'Baker' where id = $1"],
    ["a title that goes", "update users set current_title = null where id = $1"],
    ["a summary", "update users set professional_summary = 'Bread' where id = $1"],
    ["title and summary at once", "update users set current_title = 'A', professional_summary = 'B' where id = $1"],
    ["a position", "update work_experience set position = 'Sous-chef' where user_id = $1 and position = 'Chef'"],
    ["a company", "update work_experience set company = 'Diner' where user_id = $1 and position = 'Chef'"],
    ["a description", "update work_experience set description = 'Stews' where user_id = $1 and position = 'Chef'"],
    [
      "a description from null",
      "update work_experience set description = 'Tea' where user_id = $1 and position = 'Waiter'",
    ],
    [
      "a start date, which orders",
      "update work_experience set start_date = '2010-01-01' where user_id = $1 and position = 'Chef'",
    ],
    ["several rows of one user", "update work_experience set company = 'Diner' where user_id = $1"],
    [
      "two rows that swap what they say",
      `update work_experience w
       set position = v.position, company = v.company, description = v.description, start_date = v.start_date
       from work_experience v where w.user_id = $1 and v.user_id = $1 and w.id <> v.id`,
    ],
    [
      "a new position",
      "insert into work_experience (user_id, position, company, start_date) values ($1, 'P', 'C', '2024-01-01')",
    ],
    [
      "two new positions",
      `insert into work_experience (user_id, position, company, start_date)
       values ($1, 'P', 'C', '2024-01-01'), ($1, 'Q', 'D', '2024-01-01')`,
    ],
    ["a position that goes", "delete from work_experience where user_id = $1 and position = 'Chef'"],
    ["a skill's name", "update skills set name = 'Stew' where user_id = $1 and name = 'Soup'"],
    ["a skill's case", "update skills set name = 'SOUP' where user_id = $1 and name = 'Soup'"],
    ["a new skill", "insert into skills (user_id, name) values ($1, 'Tea')"],
    [
      "an upsert that changes",
      `insert into skills (user_id, name) values ($1, 'SOUP')
       on conflict (user_id, name_key) do update set name = excluded.name`,
    ],
    ["a skill that goes", "delete from skills where user_id = $1 and name = 'Soup'"],
  ];
  for (const [name, sql] of rows) {
    test(name, async () => assert.deepEqual(await bumps(sql), [1, 0]));
  }

  test("for every user that one statement touches", async () => {
    assert.deepEqual(await bumps("update work_experience set company = 'Diner' where user_id in ($1, $2)"), [1, 1]);
    assert.deepEqual(await bumps("insert into skills (user_id, name) values ($1, 'Tea'), ($2, 'Tea')"), [1, 1]);
    assert.deepEqual(await bumps("delete from skills where user_id in ($1, $2)"), [1, 1]);
    assert.deepEqual(await bumps("update users set current_title = 'X' where id in ($1, $2)"), [1, 1]);
  });

  test("for both when a row moves from one user to another", async () => {
    const move = "update work_experience set user_id = $2 where user_id = $1 and position = 'Chef'";
    assert.deepEqual(await bumps(move), [1, 1]);
    await db.query("delete from skills where user_id = $1", [other.id]);
    assert.deepEqual(await bumps("update skills set user_id = $2 where user_id = $1 and name = 'Soup'"), [1, 1]);
  });

  test("for everybody who loses rows by TRUNCATE", async () => {
    await db.query("delete from skills where user_id = $1", [other.id]);
    assert.deepEqual(await bumps("truncate work_experience"), [1, 1]);
    assert.deepEqual(await bumps("truncate skills"), [1, 0]);
    assert.deepEqual(await bumps("truncate skills"), [0, 0]);
  });

  test("for users who come through the API, too", async () => {
    const rest = restClient(supabase, user.token);
    const before = await revision(user);
    assert.equal((await rest("PATCH", `users?id=eq.${user.id}`, { current_title: "Baker" })).status, 200);
    assert.equal((await rest("POST", "skills", { user_id: user.id, name: "Tea" })).status, 201);
    assert.equal((await rest("DELETE", "skills?name=eq.Tea")).status, 200);
    assert.equal(await revision(user), before + 3);
  });
});

describe("nothing else moves it", () => {
  const rows = [
    ["a title set to what it was", "update users set current_title = 'Cook' where id = $1"],
    [
      "columns that are not in the text",
      "update users set first_name = 'A', phone = '1', location = 'L' where id = $1",
    ],
    ["a position set to what it was", "update work_experience set position = position where user_id = $1"],
    ["an end date", "update work_experience set end_date = '2024-01-01' where user_id = $1"],
    ["is_current", "update work_experience set is_current = true where user_id = $1"],
    ["a skill's level", "update skills set level = 'expert' where user_id = $1"],
    ["an update of no rows", "update work_experience set company = 'X' where false"],
    ["a delete of no rows", "delete from skills where false"],
    ["an upsert that is ignored", "insert into skills (user_id, name) values ($1, 'soup') on conflict do nothing"],
    [
      "an upsert that changes nothing",
      `insert into users (id, current_title) values ($1, 'Cook')
       on conflict (id) do update set current_title = excluded.current_title`,
    ],
    ["an account's new e-mail address", "update auth.users set email = 'new-' || email where id = $1"],
  ];
  for (const [name, sql] of rows) {
    test(name, async () => assert.deepEqual(await bumps(sql), [0, 0]));
  }

  test("a stored vector", async () => {
    const before = await stateOf(db, user.id);
    assert.equal(await store(db, { user_id: user.id, revision: Number(before.revision) }), "stored");
    const stored = await stateOf(db, user.id);
    assert.deepEqual([stored.revision, stored.changed_at], [before.revision, before.changed_at]);
    assert.equal(Number(stored.embedded_revision), Number(before.revision));
  });

  test("a change that is rolled back", async () => {
    const before = await revision(user);
    await db.exec(`begin; update users set current_title = 'X' where id = '${user.id}'; rollback`);
    assert.equal(await revision(user), before);
  });
});

describe("a bump", () => {
  test("forgets failures and notes the time", async () => {
    await db.query(
      `update resume_embedding_state set error = 'e', attempts = 3, next_attempt_at = now() + interval '1 day',
       changed_at = '2020-01-01' where user_id = $1`,
      [user.id],
    );
    await db.query("update users set current_title = 'Baker' where id = $1", [user.id]);
    const state = await stateOf(db, user.id);
    assert.deepEqual([state.error, state.attempts, state.next_attempt_at], [null, 0, null]);
    assert.ok(Date.parse(state.changed_at) > Date.parse("2026-01-01"));
  });

  test("makes a state row where one is missing", async () => {
    await db.query("delete from resume_embedding_state where user_id = $1", [user.id]);
    await db.query("update users set current_title = 'Baker' where id = $1", [user.id]);
    assert.equal(await revision(user), 1);
  });
});

describe("accounts", () => {
  test("a new account gets a profile and a state at revision 1, one statement or many", async () => {
    const added = await addUsers(supabase, 3);
    for (const { id, email } of added) {
      const { rows } = await db.query("select email from users where id = $1", [id]);
      assert.deepEqual(rows, [{ email }]);
      const state = await stateOf(db, id);
      assert.deepEqual([Number(state.revision), Number(state.embedded_revision)], [1, 0]);
    }
  });

  test("an account's new e-mail address reaches the profile", async () => {
    await db.query("update auth.users set email = $2 where id = $1", [user.id, `new-${user.id}@example.com`]);
    const { rows } = await db.query("select email from users where id = $1", [user.id]);
    assert.deepEqual(rows, [{ email: `new-${user.id}@example.com` }]);
  });

  test("a deleted account takes everything of its own along, and nothing of others", async () => {
    await store(db, { user_id: user.id, revision: await revision(user) });
    const before = await revision(other);
    await db.query("delete from auth.users where id = $1", [user.id]);
    const { rows } = await db.query(
      `select (select count(*) from users where id = $1) + (select count(*) from work_experience where user_id = $1)
       + (select count(*) from skills where user_id = $1)
       + (select count(*) from resume_embedding_state where user_id = $1) as left_over`,
      [user.id],
    );
    assert.deepEqual(rows, [{ left_over: 0 }]);
    assert.equal(await revision(other), before);
  });

  test("a truncated users table takes all the others along", async () => {
    await db.exec("truncate users cascade");
    const { rows } = await db.query(
      "select (select count(*) from skills) + (select count(*) from resume_embedding_state) as left_over",
    );
    assert.deepEqual(rows, [{ left_over: 0 }]);
  });
});

describe("updated_at", () => {
  test("moves with an edit and not with a stored vector", async () => {
    const read = async () =>
      /** @type {any} */ ((await db.query("select updated_at from users where id = $1", [user.id])).rows[0]).updated_at;
    await db.query("update users set updated_at = '2020-01-01' where id = $1", [user.id]);
    const old = await read();
    assert.equal(await store(db, { user_id: user.id, revision: await revision(user) }), "stored");
    assert.notEqual(await vectorOf(db, user.id), null);
    assert.equal(await read(), old);
    await db.query("update users set location = 'Lyon' where id = $1", [user.id]);
    assert.notEqual(await read(), old);
  });
});
