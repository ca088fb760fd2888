// The migrations as such: run twice, run on a database that was there before, refused with a reason.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { applyMigrations, signIn, startSupabase } from "../../scripts/supabase.mjs";
import { addedTo, migrationSql, readCatalog, stateOf, store, vectorOf, vectorText } from "./support.mjs";

const TABLES = "create_profile_tables";
const EMBEDDING = "add_resume_embedding";
const FIRST_USER = "aaaaaaaa-0000-4000-8000-000000000001";
const existingSql = await readFile(new URL("fixtures/existing.sql", import.meta.url), "utf8");

/** @param {import("node:test").TestContext} t */
async function startEmpty(t) {
  const supabase = await startSupabase({ migrationsDir: null });
  t.after(() => supabase.close());
  return supabase;
}

describe("a new project", () => {
  test("has the catalog that it had when the migrations run again", async (t) => {
    const { db } = await startEmpty(t);
    await db.exec(await migrationSql(TABLES));
    const afterTables = await readCatalog(db);
    await db.exec(await migrationSql(TABLES));
    assert.deepEqual(await readCatalog(db), afterTables);

    await db.exec(await migrationSql(EMBEDDING));
    const afterBoth = await readCatalog(db);
    assert.ok(Object.keys(addedTo(afterTables, afterBoth)).length > 30, "the comparison sees the second migration");
    await db.exec(await migrationSql(EMBEDDING));
    await db.exec(await migrationSql(TABLES));
    assert.deepEqual(await readCatalog(db), afterBoth);
  });

  test("keeps its data and revisions when the migrations run again", async (t) => {
    const supabase = await startSupabase({ seed: true });
    t.after(() => supabase.close());
    const { db } = supabase;
    const { id } = await signIn(supabase.url, supabase.anonKey, "ada@example.com", "password123");
    const revision = Number((await stateOf(db, id)).revision);
    assert.equal(await store(db, { user_id: id, revision }), "stored");
    const before = await stateOf(db, id);
    await db.exec(await migrationSql(TABLES));
    await db.exec(await migrationSql(EMBEDDING));
    assert.deepEqual(await stateOf(db, id), before);
    assert.equal(await vectorOf(db, id), vectorText());
  });

  test("gives profiles and states to accounts that were there first", async (t) => {
    const { db } = await startEmpty(t);
    await db.exec(`insert into auth.users (id, email) values ('${FIRST_USER}', 'early@example.com')`);
    assert.deepEqual(await applyMigrations(db), ["20260101000000", "20260101000100"]);
    const { rows } = await db.query("select id, email from public.users");
    assert.deepEqual(rows, [{ id: FIRST_USER, email: "early@example.com" }]);
    assert.equal(Number((await stateOf(db, FIRST_USER)).revision), 1);
    assert.deepEqual(await applyMigrations(db), [], "a second call finds nothing to apply");
  });
});

describe("an existing database", () => {
  test("gets exactly what a fresh one gets", async (t) => {
    const fresh = await startEmpty(t);
    await fresh.db.exec(await migrationSql(TABLES));
    const freshBefore = await readCatalog(fresh.db);
    await fresh.db.exec(await migrationSql(EMBEDDING));
    const freshAdded = addedTo(freshBefore, await readCatalog(fresh.db));

    const existing = await startEmpty(t);
    await existing.db.exec(existingSql);
    const existingBefore = await readCatalog(existing.db);
    await existing.db.exec(await migrationSql(EMBEDDING));
    const existingAfter = await readCatalog(existing.db);
    const existingAdded = addedTo(existingBefore, existingAfter);

    // The grants on users differ, as they build on what each had; the rights tests cover them.
    const withoutUserGrants = (/** @type {Record<string, string>} */ added) =>
      Object.fromEntries(Object.entries(added).filter(([name]) => !/^grant users[. ]/.test(name)));
    assert.deepEqual(withoutUserGrants(existingAdded), withoutUserGrants(freshAdded));
    assert.deepEqual(
      Object.keys(addedTo(existingAfter, existingBefore)).filter((name) => !/^grant users to /.test(name)),
      [],
      "nothing that was there has changed but the grants on users",
    );

    await existing.db.exec(await migrationSql(EMBEDDING));
    assert.deepEqual(await readCatalog(existing.db), existingAfter, "a second run changes nothing");
  });

  test("bumps revisions whatever the types of its keys and columns", async (t) => {
    const { db } = await startEmpty(t);
    await db.exec(existingSql);
    await db.exec(await migrationSql(EMBEDDING));
    for (const edit of [
      "update users set current_title = 'Head nurse'",
      "update work_experience set company = 'St Anne'",
      "update skills set name = 'First aid'",
      "delete from skills",
    ]) {
      const before = Number((await stateOf(db, FIRST_USER)).revision);
      await db.exec(edit);
      assert.equal(Number((await stateOf(db, FIRST_USER)).revision), before + 1, edit);
    }
  });

  test("keeps vectors that are there, with pgvector in schema public and rights on the column", async (t) => {
    const { db } = await startEmpty(t);
    await db.exec(`create extension vector with schema public; ${existingSql};
      alter table users add column resume_embedding vector(768);
      create index their_index on users using hnsw (resume_embedding vector_cosine_ops);
      grant update (resume_embedding) on users to authenticated;
      update users set resume_embedding = '${vectorText(3)}' where id = '${FIRST_USER}'`);
    await db.exec(await migrationSql(EMBEDDING));
    assert.equal(await vectorOf(db, FIRST_USER), vectorText(3));
    assert.equal(Number((await stateOf(db, FIRST_USER)).embedded_revision), 0, "stale, to be embedded anew");
    const { rows } = await db.query(`
      select has_column_privilege('authenticated', 'users', 'resume_embedding', 'update') as may_update,
        has_column_privilege('authenticated', 'users', 'first_name', 'update') as may_update_name,
        (select count(*)::int from pg_indexes where indexdef like '%hnsw%') as hnsw_indexes`);
    assert.deepEqual(rows, [{ may_update: false, may_update_name: true, hnsw_indexes: 1 }]);
    assert.equal(await store(db, { user_id: FIRST_USER }), "stored");
    assert.equal(await vectorOf(db, FIRST_USER), vectorText());
  });

  test("gets the right type where the column has none or another but no values", async (t) => {
    const { db } = await startEmpty(t);
    await db.exec(`${existingSql}; alter table users add column resume_embedding text`);
    await db.exec(await migrationSql(EMBEDDING));
    const catalog = await readCatalog(db);
    assert.match(catalog.get("column users.resume_embedding") ?? "", /vector\(768\)$/);
  });

  test("is refused, and left alone, when its vectors have other dimensions", async (t) => {
    const { db } = await startEmpty(t);
    await db.exec(`create extension vector with schema extensions; ${existingSql};
      alter table users add column resume_embedding vector(3);
      update users set resume_embedding = '[1,2,3]'`);
    const before = await readCatalog(db);
    const run = migrationSql(EMBEDDING).then((sql) => db.transaction((tx) => tx.exec(sql)));
    await assert.rejects(run, /resume_embedding exists, and 2 of its values are no vectors of 768 dimensions/);
    assert.deepEqual(await readCatalog(db), before);
  });

  test("is refused with the names of the columns that are missing", async (t) => {
    const { db } = await startEmpty(t);
    await db.exec(`${existingSql}; alter table skills drop column name; alter table users drop professional_summary`);
    await assert.rejects(
      db.exec(await migrationSql(EMBEDDING)),
      /users\.professional_summary \(text\), skills\.name \(text\)/,
    );
  });
});

describe("a data folder", () => {
  test("is migrated and seeded once, and keeps what users did", async (t) => {
    const dataDir = join(await mkdtemp(join(tmpdir(), "profile-embeddings-")), "database");
    after(() => rm(join(dataDir, ".."), { recursive: true }));
    const first = await startSupabase({ dataDir, seed: true });
    await first.db.exec("delete from skills; update users set location = 'Paris' where email = 'ada@example.com'");
    await first.close();

    const second = await startSupabase({ dataDir, seed: true });
    t.after(() => second.close());
    assert.deepEqual(await applyMigrations(second.db), []);
    const { rows } = await second.db.query(
      "select location, (select count(*)::int from skills) as skills from users where email = 'ada@example.com'",
    );
    assert.deepEqual(rows, [{ location: "Paris", skills: 0 }]);
  });
});
