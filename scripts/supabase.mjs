// The embedded Supabase: Supabase Lite (PostgREST and Auth) on PGlite with pgvector, set up as a hosted project is
// (roles, default privileges, schema `extensions`, classic JWT keys), with this project's migrations applied.
// For local work and tests; it listens on loopback unless told otherwise.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { vector } from "@electric-sql/pglite/vector";
import { createAdaptorServer } from "@hono/node-server";
import { apiKey } from "./lib/accounts.mjs";
import { applyMigrations, MIGRATIONS_DIR } from "./lib/migrations.mjs";
import { loadSnapshot, saveSnapshot, snapshotFile } from "./lib/snapshot.mjs";
import { createFetch, takeTurns } from "./lib/supabase-http.mjs";

export { addUsers, signIn, signJwt, signUp } from "./lib/accounts.mjs";
export { applyMigrations } from "./lib/migrations.mjs";

/** @typedef {import("@electric-sql/pglite").PGlite} PGlite */
/**
 * @typedef {object} Supabase
 * @property {string} url base URL, without a trailing slash
 * @property {string} anonKey
 * @property {string} serviceRoleKey
 * @property {string} jwtSecret
 * @property {PGlite} db SQL as the superuser; waits its turn behind HTTP requests, so it is safe to use meanwhile
 * @property {() => Promise<void>} reloadSchema what `notify pgrst, 'reload schema'` does: needed after DDL through `db`
 * @property {() => Promise<void>} close
 */
/**
 * @typedef {object} SupabaseOptions
 * @property {number} [port] 0, the default, takes any free one
 * @property {string} [host]
 * @property {string | null} [dataDir] where to keep the data; null keeps it in memory
 * @property {string} [jwtSecret]
 * @property {string | null} [migrationsDir] null applies none
 * @property {boolean} [seed] also run supabase/seed.sql, once for a kept data folder
 * @property {(line: string) => void} [logger] receives one line per database error
 */

// The Supabase CLI's own local secret.
export const LOCAL_JWT_SECRET = "super-secret-jwt-token-with-at-least-32-characters-long";
const TIMESTAMPTZ = 1184;
const SEED_FILE = fileURLToPath(new URL("../supabase/seed.sql", import.meta.url));

// What a hosted project grants before its first migration: everything on new tables and functions in public.
const PLATFORM_SQL = `
  do $$
  begin
    if to_regrole('anon') is null then create role anon nologin noinherit; end if;
    if to_regrole('authenticated') is null then create role authenticated nologin noinherit; end if;
    if to_regrole('service_role') is null then create role service_role nologin noinherit bypassrls; end if;
  end
  $$;
  create schema if not exists extensions;
  grant usage on schema public, extensions, auth to anon, authenticated, service_role;
  grant execute on all functions in schema auth to anon, authenticated, service_role;
  alter default privileges in schema public grant all on tables to anon, authenticated, service_role;
  alter default privileges in schema public grant all on sequences to anon, authenticated, service_role;
  alter default privileges in schema public grant all on functions to anon, authenticated, service_role;
`;

/**
 * Starts it, and resolves once it answers.
 * @param {SupabaseOptions} [options]
 * @returns {Promise<Supabase>}
 */
export async function startSupabase({
  port = 0,
  host = "127.0.0.1",
  dataDir = null,
  jwtSecret = LOCAL_JWT_SECRET,
  migrationsDir = MIGRATIONS_DIR,
  seed = false,
  logger = () => {},
} = {}) {
  process.env.DO_NOT_TRACK = "1";
  const anonKey = apiKey(jwtSecret, "anon");
  const serviceRoleKey = apiKey(jwtSecret, "service_role");

  // The port comes first: a second start on a kept data folder must end before it opens the data.
  /** @type {(request: Request) => Promise<Response>} */
  let handle = async () => Response.json({ message: "starting" }, { status: 503 });
  const server = createAdaptorServer({
    overrideGlobalObjects: false,
    fetch: (/** @type {Request} */ request) => handle(request),
  });
  const address = await listen(server, port, host);
  const closeServer = () =>
    new Promise((resolve) => {
      server.close(resolve);
      if ("closeAllConnections" in server) server.closeAllConnections();
    });
  try {
    const { app, connection } = await openDatabase({
      dataDir,
      jwtSecret,
      anonKey,
      serviceRoleKey,
      migrationsDir,
    });
    const { exclusive, db } = takeTurns(connection.driver);
    if (seed) await applySeed(db);
    handle = createFetch(app.fetch, exclusive, logger);
    return {
      url: `http://${host}:${address.port}`,
      anonKey,
      serviceRoleKey,
      jwtSecret,
      db,
      reloadSchema: () => exclusive(() => connection.clearSchemaCache()),
      close: async () => {
        await closeServer();
        await exclusive(() => connection.close());
      },
    };
  } catch (error) {
    await closeServer();
    throw error;
  }
}

/**
 * @param {{ dataDir: string | null, jwtSecret: string, anonKey: string, serviceRoleKey: string,
 *   migrationsDir: string | null }} options
 */
async function openDatabase({ dataDir, jwtSecret, anonKey, serviceRoleKey, migrationsDir }) {
  const { App } = await import("@supabase/lite");
  const { createPgliteConnection } = await import("@supabase/lite/pglite");

  const file = dataDir ? null : await snapshotFile(migrationsDir, PLATFORM_SQL);
  const loadDataDir = file ? await loadSnapshot(file) : undefined;
  const connection = await createPgliteConnection({
    url: dataDir ?? undefined,
    pgliteOptions: { extensions: { vector }, loadDataDir, parsers: { [TIMESTAMPTZ]: toIsoTimestamp } },
  });
  const keys = new Map([
    [anonKey, { type: /** @type {const} */ ("publishable"), claims: { role: "anon" } }],
    [serviceRoleKey, { type: /** @type {const} */ ("secret"), claims: { role: "service_role" } }],
  ]);
  const app = new App({
    connection,
    api: { schemas: ["public"], max_rows: 1000 },
    auth: {
      enabled: true,
      jwt_secret: jwtSecret,
      enable_signup: true,
      email: { enable_signup: true, enable_confirmations: false },
    },
    storage: { enabled: false },
    options: { server: { disableStudio: true, apiKeys: { resolver: async (key) => keys.get(key) ?? null } } },
  });
  const db = connection.driver;
  if (!loadDataDir) {
    await app.ensureSystemSchema();
    await db.exec(PLATFORM_SQL);
  } else {
    await app.init();
  }
  await db.exec(`set search_path = "$user", public, extensions; set timezone = 'UTC'`);
  // Lite would grant everything on every table again at its first request, which hosted Supabase never does.
  Reflect.set(connection, "rlsState", "active");
  if (!loadDataDir) {
    if (migrationsDir) await applyMigrations(db, migrationsDir);
    if (file) await saveSnapshot(file, await db.dumpDataDir("none"));
  }
  return { app, connection };
}

/**
 * @param {ReturnType<typeof createAdaptorServer>} server
 * @param {number} port
 * @param {string} host
 * @returns {Promise<import("node:net").AddressInfo>}
 */
function listen(server, port, host) {
  return new Promise((resolve, reject) => {
    server.once("error", (/** @type {NodeJS.ErrnoException} */ error) => {
      if (error.code !== "EADDRINUSE") return reject(error);
      reject(new Error(`Port ${port} on ${host} is in use: stop what listens there, or choose another port.`));
    });
    server.listen(port, host, () => resolve(/** @type {import("node:net").AddressInfo} */ (server.address())));
  });
}

/**
 * A timestamp as PostgREST prints it; Lite passes Postgres's own format on.
 * @param {string} text such as "2026-01-31 12:00:00.5+00"
 */
function toIsoTimestamp(text) {
  return text.replace(" ", "T").replace(/([+-]\d\d)$/, "$1:00");
}

/** @param {PGlite} db */
async function applySeed(db) {
  const seed = await readFile(SEED_FILE, "utf8");
  const { rows } = await db.query("select from supabase_migrations.seed_files where path = 'supabase/seed.sql'");
  if (rows.length > 0) return;
  await db.transaction(async (tx) => {
    await tx.exec(seed);
    await tx.query("insert into supabase_migrations.seed_files (path, hash) values ('supabase/seed.sql', $1)", [
      createHash("sha256").update(seed).digest("hex"),
    ]);
  });
}
