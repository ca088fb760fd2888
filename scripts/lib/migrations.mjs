// Applies supabase/migrations/ to an embedded Postgres, recording them where the Supabase CLI does.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const MIGRATIONS_DIR = fileURLToPath(new URL("../../supabase/migrations", import.meta.url));

/**
 * The migrations in the order of their versions.
 * @param {string} directory
 * @returns {Promise<{ version: string, name: string, sql: string }[]>}
 */
export async function readMigrations(directory) {
  const files = (await readdir(directory)).sort();
  const migrations = [];
  for (const file of files) {
    const [, version, name] = /^(\d{14})_(\w+)\.sql$/.exec(file) ?? [];
    if (version && name) migrations.push({ version, name, sql: await readFile(join(directory, file), "utf8") });
  }
  return migrations;
}

/**
 * Applies, each in a transaction, the migrations that the database does not have yet.
 * @param {Pick<import("@electric-sql/pglite").PGlite, "query" | "exec" | "transaction">} db
 * @param {string} [directory]
 * @returns {Promise<string[]>} the versions applied now
 */
export async function applyMigrations(db, directory = MIGRATIONS_DIR) {
  await db.exec(`
    create schema if not exists supabase_migrations;
    create table if not exists supabase_migrations.schema_migrations (
      version text primary key, statements text[], name text);
  `);
  const applied = await db.query("select version from supabase_migrations.schema_migrations");
  const known = new Set(applied.rows.map((row) => /** @type {{ version: string }} */ (row).version));
  const pending = (await readMigrations(directory)).filter(({ version }) => !known.has(version));
  for (const { version, name, sql } of pending) {
    await db.transaction(async (tx) => {
      await tx.exec(sql);
      await tx.query("insert into supabase_migrations.schema_migrations (version, name) values ($1, $2)", [
        version,
        name,
      ]);
    });
  }
  return pending.map(({ version }) => version);
}
