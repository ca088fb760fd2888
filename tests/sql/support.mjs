// What the SQL tests share: PostgREST requests as a role, vectors, state rows, and a database's catalog as data.
import { readMigrations, MIGRATIONS_DIR } from "../../scripts/lib/migrations.mjs";

/** @typedef {import("../../scripts/supabase.mjs").Supabase} Supabase */
/** @typedef {Pick<import("@electric-sql/pglite").PGlite, "query" | "exec">} Database */

export const TAG = "mock;text=1";

/**
 * A function that sends PostgREST requests with a user's token, the service-role key, or, without either, as anon.
 * @param {Supabase} supabase
 * @param {string} [token]
 */
export function restClient(supabase, token) {
  const service = token === supabase.serviceRoleKey;
  /**
   * @param {string} method
   * @param {string} path
   * @param {unknown} [body]
   * @param {string} [prefer]
   */
  return async (method, path, body, prefer = "return=representation") => {
    const response = await fetch(`${supabase.url}/rest/v1/${path}`, {
      method,
      headers: {
        apikey: service ? supabase.serviceRoleKey : supabase.anonKey,
        ...(token && { authorization: `Bearer ${token}` }),
        "content-type": "application/json",
        prefer,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, body: text ? JSON.parse(text) : null };
  };
}

/**
 * A well-formed vector's text; its direction depends on the seed.
 * @param {number} [seed]
 */
export function vectorText(seed = 1) {
  return `[${Array.from({ length: 768 }, (_, i) => ((i * seed) % 7) + 1).join(",")}]`;
}

/**
 * @param {Database} db
 * @param {string} userId
 * @returns {Promise<any>} the user's state row, or undefined
 */
export async function stateOf(db, userId) {
  const { rows } = await db.query("select * from public.resume_embedding_state where user_id = $1", [userId]);
  return rows[0];
}

/**
 * @param {Database} db
 * @param {string} userId
 * @returns {Promise<string | null>}
 */
export async function vectorOf(db, userId) {
  const { rows } = await db.query("select resume_embedding::text as v from public.users where id = $1", [userId]);
  return /** @type {{ v: string | null }} */ (rows[0]).v;
}

/**
 * Calls store_resume_embeddings with one item, with sensible values for what is left out.
 * @param {Database} db
 * @param {Record<string, unknown>} item
 * @returns {Promise<string>} its outcome
 */
export async function store(db, item) {
  const given = "keep" in item ? {} : { embedding: vectorText() };
  const items = [{ revision: 1, model: TAG, text_hash: "hash", ...given, ...item }];
  const { rows } = await db.query("select * from public.store_resume_embeddings($1)", [JSON.stringify(items)]);
  return /** @type {{ outcome: string }} */ (rows[0]).outcome;
}

/** @param {string} name the end of the migration's name */
export async function migrationSql(name) {
  const migration = (await readMigrations(MIGRATIONS_DIR)).find((candidate) => candidate.name.endsWith(name));
  if (!migration) throw new Error(`No migration is named ${name}`);
  return migration.sql;
}

const CATALOG_SQL = `
  select 'column' as kind, format('%s.%s', c.relname, a.attname) as name,
    concat_ws(' ', format_type(a.atttypid, a.atttypmod), case when a.attnotnull then 'not null' end,
      pg_get_expr(d.adbin, d.adrelid)) as definition
  from pg_attribute a join pg_class c on c.oid = a.attrelid
  left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped
  union all
  select 'constraint', format('%s.%s', conrelid::regclass, conname), pg_get_constraintdef(oid)
  from pg_constraint where connamespace = 'public'::regnamespace and contype <> 'n'
  union all
  select 'index', c.relname, pg_get_indexdef(c.oid)
  from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'i'
  union all
  select 'trigger', format('%s.%s', tgrelid::regclass, tgname), pg_get_triggerdef(oid)
  from pg_trigger where not tgisinternal
  union all
  select 'function', p.oid::regprocedure::text, pg_get_functiondef(p.oid)
  from pg_proc p where p.pronamespace = 'public'::regnamespace and p.prolang <> 13
  union all
  select 'policy', format('%s.%s', tablename, policyname), concat_ws(' | ', cmd, roles::text, qual, with_check)
  from pg_policies where schemaname = 'public'
  union all
  select 'rls', relname, relrowsecurity::text
  from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'
  union all
  select 'grant', format('%s to %s', c.relname, coalesce(nullif(g.grantee, 0)::regrole::text, 'public')),
    string_agg(g.privilege_type, ',' order by g.privilege_type)
  from pg_class c, aclexplode(c.relacl) g
  where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' group by c.relname, g.grantee
  union all
  select 'grant', format('%s.%s to %s', c.relname, a.attname, g.grantee::regrole),
    string_agg(g.privilege_type, ',' order by g.privilege_type)
  from pg_attribute a join pg_class c on c.oid = a.attrelid, aclexplode(a.attacl) g
  where c.relnamespace = 'public'::regnamespace group by c.relname, a.attname, g.grantee
  union all
  select 'grant', format('%s to %s', p.oid::regprocedure, coalesce(nullif(g.grantee, 0)::regrole::text, 'public')),
    g.privilege_type
  from pg_proc p, aclexplode(p.proacl) g
  where p.pronamespace = 'public'::regnamespace and p.prolang <> 13
`;

/**
 * Everything in schema public that a migration could change, except what an extension's C code brings.
 * @param {Database} db
 * @returns {Promise<Map<string, string>>} definitions by kind and name
 */
export async function readCatalog(db) {
  const { rows } = await db.query(CATALOG_SQL);
  const entries = rows.map((row) => {
    const { kind, name, definition } = /** @type {{ kind: string, name: string, definition: string }} */ (row);
    return /** @type {[string, string]} */ ([`${kind} ${name}`, definition]);
  });
  return new Map(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * What the second catalog has in addition to the first, or otherwise.
 * @param {Map<string, string>} before
 * @param {Map<string, string>} after
 * @returns {Record<string, string>}
 */
export function addedTo(before, after) {
  return Object.fromEntries([...after].filter(([name, definition]) => before.get(name) !== definition));
}
