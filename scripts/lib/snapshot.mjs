// A copy of the freshly migrated database, kept in build/: starting from it takes half a second, where creating the
// cluster takes four. Named by all that it is made of, so a changed migration or version makes a new one.
import { createHash, randomUUID } from "node:crypto";
import { openAsBlob } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { readMigrations } from "./migrations.mjs";

const SNAPSHOT_DIR = fileURLToPath(new URL("../../build/supabase", import.meta.url));
const MODULES_DIR = fileURLToPath(new URL("../../node_modules", import.meta.url));
// Long enough for any run that started with an older snapshot to have read it.
const STALE_AFTER_MS = 3_600_000;

/**
 * The file for a database with these migrations; it need not exist.
 * @param {string | null} migrationsDir
 * @param {string} platformSql
 */
export async function snapshotFile(migrationsDir, platformSql) {
  const hash = createHash("sha256").update(platformSql);
  for (const name of ["@electric-sql/pglite", "@supabase/lite"]) {
    hash.update(JSON.parse(await readFile(join(MODULES_DIR, name, "package.json"), "utf8")).version);
  }
  for (const { version, sql } of migrationsDir ? await readMigrations(migrationsDir) : []) {
    hash.update(version).update(sql);
  }
  return join(SNAPSHOT_DIR, `${hash.digest("hex").slice(0, 16)}.tar`);
}

/**
 * @param {string} file
 * @returns {Promise<Blob | undefined>} undefined when there is none
 */
export async function loadSnapshot(file) {
  return (await stat(file).catch(() => null)) ? openAsBlob(file) : undefined;
}

/**
 * Written to a name of its own and then renamed, as several test files may start at once.
 * @param {string} file
 * @param {Blob} dump
 */
export async function saveSnapshot(file, dump) {
  const directory = dirname(file);
  await mkdir(directory, { recursive: true });
  const temporary = `${file}.${randomUUID()}`;
  await writeFile(temporary, new Uint8Array(await dump.arrayBuffer()));
  await rename(temporary, file);
  for (const name of await readdir(directory)) {
    const other = join(directory, name);
    if (name === basename(file)) continue;
    const age = Date.now() - ((await stat(other).catch(() => null))?.mtimeMs ?? Date.now());
    if (age > STALE_AFTER_MS) await rm(other, { force: true });
  }
}
