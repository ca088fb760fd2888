// The three functions of the worker: storing forward only, recording failures, finding what is stale.
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { addUsers, startSupabase } from "../../scripts/supabase.mjs";
import { stateOf, store, TAG, vectorOf, vectorText } from "./support.mjs";

const OLD = vectorText(2);
const NEW = vectorText(3);

/** @type {import("./support.mjs").Supabase} */
let supabase;
/** @type {import("@electric-sql/pglite").PGlite} */
let db;
/** @type {string} */
let id;

before(async () => {
  supabase = await startSupabase();
  db = supabase.db;
});
after(() => supabase.close());

beforeEach(async () => {
  await db.exec("delete from auth.users");
  [{ id }] = await addUsers(supabase, 1);
});

/** @param {Record<string, unknown>} values columns of the user's state row */
async function setState(values, userId = id) {
  const assignments = Object.keys(values).map((column, i) => `${column} = $${i + 2}`);
  await db.query(`update resume_embedding_state set ${assignments.join(", ")} where user_id = $1`, [
    userId,
    ...Object.values(values),
  ]);
}

/**
 * @param {string} name
 * @param {Record<string, unknown>[]} items
 */
async function call(name, items) {
  return (await db.query(`select * from public.${name}($1)`, [JSON.stringify(items)])).rows;
}

describe("store_resume_embeddings", () => {
  test("sets the vector and all of the state", async () => {
    await setState({ revision: 4, error: "e", attempts: 2, next_attempt_at: "2030-01-01" });
    assert.equal(await store(db, { user_id: id, revision: 4, text_hash: "abc", embedding: NEW }), "stored");
    const { changed_at: _, embedded_at: embeddedAt, ...state } = await stateOf(db, id);
    assert.deepEqual(state, {
      user_id: id,
      revision: 4,
      embedded_revision: 4,
      model: TAG,
      text_hash: "abc",
      error: null,
      attempts: 0,
      next_attempt_at: null,
    });
    assert.ok(embeddedAt);
    assert.equal(await vectorOf(db, id), NEW);
  });

  /**
   * What an item at a revision does to a state row at revision 5 that is embedded up to some revision.
   * @type {[string, number, Record<string, unknown>, string][]}
   */
  const rules = [
    ["a newer revision applies", 3, { revision: 5 }, "stored"],
    ["one in between applies, and leaves the row stale", 3, { revision: 4 }, "stored"],
    ["the same revision and tag is refused", 5, { revision: 5 }, "superseded"],
    ["the same revision with another tag applies", 5, { revision: 5, model: "other;text=1" }, "stored"],
    ["the same revision, forced, applies", 5, { revision: 5, force: true }, "stored"],
    ["an older revision is refused", 5, { revision: 4 }, "superseded"],
    ["an older revision with another tag is refused", 5, { revision: 4, model: "other" }, "superseded"],
    ["an older revision, forced, is refused", 5, { revision: 4, force: true }, "superseded"],
    ["a revision that lies ahead is refused", 3, { revision: 6 }, "superseded"],
    ["a revision that lies ahead, forced, is refused", 3, { revision: 6, force: true }, "superseded"],
    ["no revision is refused", 3, { revision: null }, "superseded"],
  ];
  for (const [name, embeddedRevision, item, outcome] of rules) {
    test(name, async () => {
      await store(db, { user_id: id, revision: 1, embedding: OLD });
      await setState({ revision: 5, embedded_revision: embeddedRevision });
      assert.equal(await store(db, { user_id: id, embedding: NEW, ...item }), outcome);
      assert.equal(await vectorOf(db, id), outcome === "stored" ? NEW : OLD);
      const { revision, embedded_revision: embedded } = await stateOf(db, id);
      assert.deepEqual([revision, embedded], [5, outcome === "stored" ? item.revision : embeddedRevision]);
    });
  }

  test("a null embedding clears the vector, an array stands for its text", async () => {
    await store(db, { user_id: id, embedding: OLD });
    await setState({ revision: 2 });
    assert.equal(await store(db, { user_id: id, revision: 2, embedding: null }), "stored");
    assert.equal(await vectorOf(db, id), null);
    await setState({ revision: 3 });
    assert.equal(await store(db, { user_id: id, revision: 3, embedding: JSON.parse(NEW) }), "stored");
    assert.equal(await vectorOf(db, id), NEW);
  });

  test("keep moves the revision and leaves the vector while hash and tag are the stored ones", async () => {
    await store(db, { user_id: id, text_hash: "same", embedding: OLD });
    await setState({ revision: 2 });
    const item = { user_id: id, revision: 2, keep: true };
    assert.equal(await store(db, { ...item, text_hash: "other" }), "superseded");
    assert.equal(await store(db, { ...item, text_hash: "same", model: "other" }), "superseded");
    assert.equal((await stateOf(db, id)).embedded_revision, 1);
    assert.equal(await store(db, { ...item, text_hash: "same" }), "stored");
    assert.equal((await stateOf(db, id)).embedded_revision, 2);
    assert.equal(await vectorOf(db, id), OLD);
  });

  test("keep never applies to what was not embedded", async () => {
    assert.equal(await store(db, { user_id: id, keep: true, text_hash: null, model: null }), "superseded");
  });

  test("answers a batch item by item, in the order given", async () => {
    const users = await addUsers(supabase, 3);
    await setState({ embedded_revision: 1, model: TAG }, users[1].id);
    const missing = "cccccccc-0000-4000-8000-000000000001";
    const ids = [users[2].id, missing, users[1].id, users[0].id];
    const item = { revision: 1, model: TAG, text_hash: "h", embedding: NEW };
    assert.deepEqual(
      await call(
        "store_resume_embeddings",
        ids.map((userId) => ({ ...item, user_id: userId })),
      ),
      [
        { user_id: users[2].id, outcome: "stored" },
        { user_id: missing, outcome: "missing" },
        { user_id: users[1].id, outcome: "superseded" },
        { user_id: users[0].id, outcome: "stored" },
      ],
    );
  });

  test("stores a hundred at once, and none of an empty batch", async () => {
    const users = await addUsers(supabase, 100);
    const items = users.map((user, i) => ({
      user_id: user.id,
      revision: 1,
      model: TAG,
      text_hash: "h",
      embedding: vectorText(i + 1),
    }));
    const outcomes = await call("store_resume_embeddings", items);
    assert.ok(outcomes.every((row) => /** @type {any} */ (row).outcome === "stored"));
    assert.equal(await vectorOf(db, users[41].id), vectorText(42));
    assert.deepEqual(await call("store_resume_embeddings", []), []);
  });

  test("applies the first of two items for one user and revision", async () => {
    const item = { user_id: id, revision: 1, model: TAG, text_hash: "h" };
    const outcomes = await call("store_resume_embeddings", [
      { ...item, embedding: OLD },
      { ...item, embedding: NEW },
    ]);
    assert.deepEqual(
      outcomes.map((row) => /** @type {any} */ (row).outcome),
      ["stored", "superseded"],
    );
    assert.equal(await vectorOf(db, id), OLD);
  });

  test("refuses the whole call for an item without embedding, or with a vector that is none", async () => {
    const item = { user_id: id, revision: 1, model: TAG, text_hash: "h" };
    await assert.rejects(call("store_resume_embeddings", [item]), /needs an embedding .* or keep/);
    for (const embedding of ["[1,2,3]", "nonsense", "[]", NEW.replace("[1,", "[NaN,")]) {
      await assert.rejects(store(db, { user_id: id, embedding }), /dimension|vector|NaN/, embedding.slice(0, 20));
    }
    assert.equal((await stateOf(db, id)).embedded_revision, 0);
  });

  test("finds its vector by meaning", async () => {
    const users = await addUsers(supabase, 3);
    for (const [i, user] of users.entries()) await store(db, { user_id: user.id, embedding: vectorText(i + 1) });
    const { rows } = await db.query(
      "select id from users where resume_embedding is not null order by resume_embedding <=> $1::vector limit 1",
      [vectorText(2)],
    );
    assert.deepEqual(rows, [{ id: users[1].id }]);
  });
});

describe("record_resume_failures", () => {
  const failure = { error: "AI 500", retry_after_s: 3600 };

  test("notes the error, the attempt and when to try again", async () => {
    await call("record_resume_failures", [{ user_id: id, revision: 1, ...failure }]);
    await call("record_resume_failures", [{ user_id: id, revision: 1, ...failure, error: "AI 429" }]);
    const state = await stateOf(db, id);
    assert.deepEqual([state.error, state.attempts, state.embedded_revision], ["AI 429", 2, 0]);
    const { rows } = await db.query(
      `select extract(epoch from next_attempt_at - now())::float8 between 3500 and 3600 as in_an_hour
       from resume_embedding_state where user_id = $1`,
      [id],
    );
    assert.deepEqual(rows, [{ in_an_hour: true }]);
  });

  /** @type {[string, Record<string, unknown>, Record<string, unknown>, boolean][]} */
  const rules = [
    ["counts for the current revision", {}, {}, true],
    ["counts when only the tag is behind", { embedded_revision: 5, model: "old" }, { model: TAG }, true],
    ["gives way to a newer edit", {}, { revision: 4 }, false],
    ["does not count for a revision that lies ahead", {}, { revision: 6 }, false],
    ["gives way to a vector that got through", { embedded_revision: 5, model: TAG }, { model: TAG }, false],
  ];
  for (const [name, state, item, counts] of rules) {
    test(name, async () => {
      await setState({ revision: 5, embedded_revision: 4, ...state });
      await call("record_resume_failures", [{ user_id: id, revision: 5, ...failure, ...item }]);
      assert.equal((await stateOf(db, id)).attempts, counts ? 1 : 0);
    });
  }

  test("cuts long errors, takes a missing delay for none, and passes over unknown users", async () => {
    await call("record_resume_failures", [
      { user_id: id, revision: 1, error: "x".repeat(5000) },
      { user_id: "cccccccc-0000-4000-8000-000000000001", revision: 1, ...failure },
    ]);
    const state = await stateOf(db, id);
    assert.equal(state.error.length, 1000);
    assert.ok(Date.parse(state.next_attempt_at) <= Date.now() + 1000);
  });
});

describe("stale_resumes", () => {
  /**
   * @param {string} [args] in SQL's notation
   * @returns {Promise<string[]>}
   */
  async function stale(args = "") {
    const { rows } = await db.query(`select user_id from public.stale_resumes(${args})`);
    return rows.map((row) => /** @type {{ user_id: string }} */ (row).user_id);
  }

  /** @type {[string, Record<string, unknown>, string, boolean][]} */
  const rules = [
    ["a user never embedded", { model: null }, "", true],
    ["a revision behind", { revision: 3, embedded_revision: 2, model: TAG }, `tag => '${TAG}'`, true],
    ["not a fresh one", { embedded_revision: 1, model: TAG }, `tag => '${TAG}'`, false],
    ["another tag", { embedded_revision: 1, model: "old" }, `tag => '${TAG}'`, true],
    ["any tag when none is asked for", { embedded_revision: 1, model: "old" }, "", false],
    ["not before its next attempt", { next_attempt_at: "2100-01-01" }, "", false],
    ["after its next attempt was due", { next_attempt_at: "2020-01-01" }, "", true],
    ["not one edited just now", { model: null }, "min_age_s => 60", false],
    ["one edited long ago", { changed_at: "2020-01-01" }, "min_age_s => 60", true],
    ["a fresh one when everybody is wanted", { embedded_revision: 1, model: TAG }, "include_fresh => true", true],
    ["one that waits, when everybody is wanted", { next_attempt_at: "2100-01-01" }, "include_fresh => true", true],
  ];
  for (const [name, state, args, found] of rules) {
    test(`finds ${name}`, async () => {
      await setState(state);
      assert.deepEqual(await stale(args), found ? [id] : []);
    });
  }

  test("pages through all by keyset, each once, in ascending order", async () => {
    await addUsers(supabase, 24);
    const { rows } = await db.query("select id from users order by id");
    const all = rows.map((row) => /** @type {{ id: string }} */ (row).id);
    const pages = [await stale("max_rows => 10")];
    for (let i = 0; i < 3; i++) pages.push(await stale(`after => '${pages[i].at(-1) ?? id}', max_rows => 10`));
    assert.deepEqual(
      pages.map((page) => page.length),
      [10, 10, 5, 0],
    );
    assert.deepEqual(pages.flat(), all);
    assert.deepEqual(await stale("max_rows => 0"), []);
  });

  test("hides what it leased from later searches, until the lease is over or the profile changes", async () => {
    await addUsers(supabase, 2);
    const [first, second, third] = await stale("");
    assert.deepEqual(await stale("max_rows => 2, lease_s => 600"), [first, second]);
    assert.deepEqual(await stale("lease_s => 0"), [third]);
    await db.query("update users set current_title = 'Baker' where id = $1", [first]);
    await setState({ next_attempt_at: "2020-01-01" }, second);
    assert.deepEqual(await stale(""), [first, second, third]);
  });

  test("is counted in full, whatever the page", async () => {
    const users = await addUsers(supabase, 30);
    await store(db, { user_id: users[0].id });
    await setState({ next_attempt_at: "2100-01-01" }, users[1].id);
    const count = async (/** @type {string} */ args) =>
      Object.values(/** @type {object} */ ((await db.query(`select public.count_stale_resumes(${args})`)).rows[0]))[0];
    assert.equal(await count(`tag => '${TAG}'`), 29);
    assert.equal(await count("tag => 'other'"), 30);
    assert.equal(await count("include_fresh => true"), 31);
    const { rows } = await db.query("select id from users order by id desc limit 1");
    assert.equal(await count(`after => '${/** @type {{ id: string }} */ (rows[0]).id}'`), 0);
  });

  test("finds users whose rows were written by plain SQL", async () => {
    await store(db, { user_id: id });
    assert.deepEqual(await stale(`tag => '${TAG}'`), []);
    await db.query("insert into skills (user_id, name) values ($1, 'SQL')", [id]);
    assert.deepEqual(await stale(`tag => '${TAG}'`), [id]);
  });
});
