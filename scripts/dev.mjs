// `make dev`: the embedded Supabase and `wrangler dev` on fixed ports, until Ctrl-C.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, styleText } from "node:util";
import {
  aborted,
  portFrom,
  readOptions,
  Refusal,
  requireFreePort,
  requireNode,
  runCommand,
  stopSignal,
} from "./lib/cli.mjs";

const HELP = `Usage: make dev

Runs the worker (wrangler dev --env local) on an embedded Supabase with pgvector, seed profiles included, and follows
the worker's log. Ctrl-C stops both. Embeddings come from the mock provider: no account, no network.

Options (node scripts/dev.mjs):
  --data-dir DIR   where the database and wrangler's state are kept (default: .dev); delete it to start afresh
  --help           this text

Environment:
  PORT             the worker's port (default: 8787)
  SUPABASE_PORT    Supabase's port (default: 54321)
  .dev.vars        further variables of the worker, such as another EMBEDDING_PROVIDER (wrangler reads this file)
`;

const USER = { email: "ada@example.com", password: "password123" };

/** @typedef {import("./lib/local-stack.mjs").LocalStack} LocalStack */
/** @typedef {import("./lib/wrangler-log.mjs").LogLine} LogLine */

const colour = (/** @type {Parameters<typeof styleText>[0]} */ style, /** @type {string} */ text) =>
  process.stdout.isTTY ? styleText(style, text) : text;

/** @param {LogLine} line */
function printLine({ level, source, text }) {
  const shown = source === "worker" ? text : `[${source}] ${text}`;
  console.log(level === "error" ? colour("red", shown) : level === "warn" ? colour("yellow", shown) : shown);
}

/**
 * One process per data folder: two on one database would ruin it.
 * @param {string} dataDir
 * @returns {() => void} gives the folder free
 */
function claim(dataDir) {
  const file = join(dataDir, "dev.pid");
  mkdirSync(dataDir, { recursive: true });
  try {
    writeFileSync(file, String(process.pid), { flag: "wx" });
  } catch {
    const pid = readFileSync(file, "utf8");
    const command = spawnSync("ps", ["-o", "command=", "-p", pid], { encoding: "utf8" }).stdout ?? "";
    if (command.includes("dev.mjs") && Number(pid) !== process.pid) {
      throw new Refusal(
        `make dev already runs on ${dataDir} (process ${pid}): stop it, or use another folder with --data-dir.`,
      );
    }
    writeFileSync(file, String(process.pid));
  }
  return () => rmSync(file, { force: true });
}

/** What other commands need in order to use this stack, to be sourced by a shell. @param {LocalStack} stack @param {string} file */
function writeEnvironment({ supabase, worker }, file) {
  const variables = {
    WORKER_URL: worker.url,
    SUPABASE_URL: supabase.url,
    SUPABASE_ANON_KEY: supabase.anonKey,
    SUPABASE_SERVICE_ROLE_KEY: supabase.serviceRoleKey,
  };
  const lines = Object.entries(variables).map(([name, value]) => `export ${name}='${value}'\n`);
  writeFileSync(file, lines.join(""), { mode: 0o600 });
}

/** @param {LocalStack} stack @param {string} dataDir */
async function printWelcome({ supabase, worker }, dataDir) {
  const { signIn } = await import("./supabase.mjs");
  const session = await signIn(supabase.url, supabase.anonKey, USER.email, USER.password).catch(() => null);
  const file = join(dataDir, "env");
  const environment = relative(process.cwd(), file).startsWith("..") ? file : `./${relative(process.cwd(), file)}`;
  const field = (/** @type {string} */ name, /** @type {string} */ value) =>
    console.log(`  ${colour("bold", name.padEnd(10))}${value}`);
  console.log("");
  field("Worker", `${worker.url}  (${worker.url}/api lists the endpoints)`);
  field("Supabase", `${supabase.url}  (its keys: ${environment})`);
  field("User", session ? `${USER.email}, password ${USER.password}` : "ada@example.com cannot sign in any more");
  field("Sweep", `curl '${worker.url}/__scheduled'`);
  field("Backfill", `. ${environment} && npm run backfill`);
  if (session) {
    console.log(`
Edit a profile (the token is good for an hour):

curl -X PATCH ${worker.url}/api/profile \\
  -H 'Authorization: Bearer ${session.token}' \\
  -H 'Content-Type: application/json' \\
  -d '{"current_title": "Staff data engineer"}'`);
  }
  console.log(`\nThe worker's log; Ctrl-C stops everything:\n`);
}

/** @param {string} dataDir */
async function runStack(dataDir) {
  const ports = { worker: portFrom("PORT", 8787), supabase: portFrom("SUPABASE_PORT", 54321) };
  if (ports.worker === ports.supabase) throw new Refusal("PORT and SUPABASE_PORT must differ.", 2);
  await requireFreePort(ports.supabase, "SUPABASE_PORT");
  await requireFreePort(ports.worker, "PORT");
  const release = claim(dataDir);
  /** @type {LocalStack | undefined} */
  let stack;
  const signal = stopSignal(() => {
    stack?.worker.killGroup();
    release();
  });
  const { startLocalStack } = await import("./lib/local-stack.mjs");
  console.log("Starting the embedded Supabase and wrangler dev …");
  try {
    stack = await startLocalStack({
      supabasePort: ports.supabase,
      port: ports.worker,
      dataDir: join(dataDir, "supabase"),
      stateDir: join(dataDir, "wrangler"),
      seed: true,
      onLine: printLine,
      onDatabaseError: (text) => console.log(colour("dim", `[Supabase] ${text}`)),
      signal,
    });
    writeEnvironment(stack, join(dataDir, "env"));
    await printWelcome(stack, dataDir);
    await Promise.race([aborted(signal), stack.worker.exited]);
    if (!signal.aborted) throw new Refusal("wrangler dev has ended by itself; what it printed last is above.");
    console.log("\nStopping …");
    return 0;
  } catch (error) {
    if (signal.aborted) return 0;
    throw error;
  } finally {
    await stack?.close();
    release();
  }
}

await runCommand(async () => {
  const { values } = readOptions(() =>
    parseArgs({ options: { "data-dir": { type: "string" }, help: { type: "boolean", short: "h" } } }),
  );
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  requireNode();
  const folder = values["data-dir"] ?? fileURLToPath(new URL("../.dev", import.meta.url));
  return runStack(resolve(folder));
});
