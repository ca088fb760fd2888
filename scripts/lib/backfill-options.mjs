// What `npm run backfill` is told: command line and environment, checked before anything is started.
import { parseArgs } from "node:util";
import { readOptions, Refusal } from "./cli.mjs";

export const HELP = `Usage: npm run backfill -- [options]

Embeds every user whose embedding is stale: never made, behind the profile, or of another model. Run twice, the second
run finds nothing to do.

  --dry-run         only say who would be embedded (also DRY_RUN=true)
  --batch-size N    users per batch, 1 to 100 (default: 10)
  --limit N         stop after N users
  --after ID        go on after this user id, as an interrupted run says
  --force           embed everyone, stale or not
  --json            print one JSON object per user and a summary, on standard output (with npm run --silent)
  --quiet           print only failures and the summary
  --help            this text

Environment, with a deployed worker:
  WORKER_URL                   its address; it embeds with what it is configured with
  SUPABASE_SERVICE_ROLE_KEY    the key that it is configured with

Environment without WORKER_URL, where the worker is started here for as long as the backfill takes:
  SUPABASE_URL, SUPABASE_SERVICE_ROLE_KEY        the project
  CLOUDFLARE_ACCOUNT_ID, CLOUDFLARE_API_TOKEN    embed through Workers AI's REST API; without both, the mock provider
                                                 is used, whose vectors are good for nothing but local work
  EMBEDDING_MODEL, EMBEDDING_POOLING, AI_GATEWAY_ID, WORKERS_AI_BASE_URL    as for the worker

Ctrl-C stops after the current batch and prints how to go on; a second one stops at once.
Exit code: 0 when nothing failed, 1 when something did, 2 when it is not configured properly.
`;

const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
const PASSED_ON = ["EMBEDDING_MODEL", "EMBEDDING_POOLING", "AI_GATEWAY_ID", "WORKERS_AI_BASE_URL"];

/**
 * @typedef {object} Options
 * @property {boolean} dryRun
 * @property {number} batchSize
 * @property {number | null} limit
 * @property {string | null} after
 * @property {boolean} force
 * @property {boolean} json
 * @property {boolean} quiet
 * @property {string} key the service-role key
 * @property {string | null} workerUrl null starts the worker here
 * @property {LocalVars} vars of the worker that is started here
 */

/** @typedef {Record<string, string | undefined>} Environment */
/** @typedef {Record<string, string> & { SUPABASE_URL: string, SUPABASE_SERVICE_ROLE_KEY: string }} LocalVars */

/**
 * A whole number, or a refusal that names the option.
 * @param {string} name
 * @param {string} text
 * @param {number} most
 */
function countOf(name, text, most) {
  const count = Number(text);
  if (/^\d+$/.test(text) && count >= 1 && count <= most) return count;
  const range = most === Infinity ? "from 1 on" : `from 1 to ${most}`;
  throw new Refusal(`${name} must be a whole number ${range}, and is "${text}".`, 2);
}

/** @param {Environment} env */
function dryRunOf(env) {
  const text = (env.DRY_RUN ?? "").toLowerCase();
  if (["", "0", "false", "no"].includes(text)) return false;
  if (["1", "true", "yes"].includes(text)) return true;
  throw new Refusal(`DRY_RUN must be true or false, and is "${env.DRY_RUN}".`, 2);
}

/** @param {string} name @param {string} text */
function addressOf(name, text) {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url && /^https?:$/.test(url.protocol)) return text.replace(/\/+$/, "");
  throw new Refusal(`${name} must be an http or https address, and is "${text}".`, 2);
}

/** @param {Environment} env @param {string[]} names @param {string} purpose */
function requireVariables(env, names, purpose) {
  const missing = names.filter((name) => !env[name]);
  if (missing.length === 0) return;
  const verb = missing.length === 1 ? "is" : "are";
  throw new Refusal(`${missing.join(" and ")} ${verb} not set: ${purpose}. See --help.`, 2);
}

/** The variables of the worker that is started here. @param {Environment} env @returns {LocalVars} */
function localVars(env) {
  requireVariables(env, ["SUPABASE_URL", "SUPABASE_SERVICE_ROLE_KEY"], "without WORKER_URL, they say which project");
  const credentials = ["CLOUDFLARE_ACCOUNT_ID", "CLOUDFLARE_API_TOKEN"];
  const useRest = credentials.some((name) => env[name]);
  // One of two is a mistake, and the mock provider's vectors would be a costly answer to it.
  if (useRest) requireVariables(env, credentials, "Workers AI's REST API needs both");
  /** @type {LocalVars} */
  const vars = {
    SUPABASE_URL: addressOf("SUPABASE_URL", env.SUPABASE_URL ?? ""),
    SUPABASE_SERVICE_ROLE_KEY: env.SUPABASE_SERVICE_ROLE_KEY ?? "",
    EMBEDDING_PROVIDER: useRest ? "rest" : "mock",
    ENVIRONMENT: "backfill",
  };
  for (const name of [...(useRest ? credentials : []), ...PASSED_ON]) {
    const value = env[name];
    if (value) vars[name] = value;
  }
  return vars;
}

/**
 * @param {string[]} args
 * @param {Environment} env
 * @returns {Options | "help"}
 */
export function readBackfillOptions(args, env) {
  const { values } = readOptions(() =>
    parseArgs({
      args,
      options: {
        "dry-run": { type: "boolean" },
        "batch-size": { type: "string" },
        limit: { type: "string" },
        after: { type: "string" },
        force: { type: "boolean" },
        json: { type: "boolean" },
        quiet: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    }),
  );
  if (values.help) return "help";
  if (values.after !== undefined && !UUID.test(values.after)) {
    throw new Refusal(`--after must be a user id (a UUID), and is "${values.after}".`, 2);
  }
  const options = {
    dryRun: values["dry-run"] || dryRunOf(env),
    batchSize: values["batch-size"] === undefined ? 10 : countOf("--batch-size", values["batch-size"], 100),
    limit: values.limit === undefined ? null : countOf("--limit", values.limit, Infinity),
    after: values.after?.toLowerCase() ?? null,
    force: values.force ?? false,
    json: values.json ?? false,
    quiet: values.quiet ?? false,
  };
  if (!env.WORKER_URL) {
    const vars = localVars(env);
    return { ...options, workerUrl: null, vars, key: vars.SUPABASE_SERVICE_ROLE_KEY };
  }
  requireVariables(env, ["SUPABASE_SERVICE_ROLE_KEY"], "the worker at WORKER_URL asks for it");
  const workerUrl = addressOf("WORKER_URL", env.WORKER_URL);
  return {
    ...options,
    workerUrl,
    vars: { SUPABASE_URL: "", SUPABASE_SERVICE_ROLE_KEY: "" },
    key: env.SUPABASE_SERVICE_ROLE_KEY ?? "",
  };
}

/**
 * The command that goes on where a run has stopped.
 * @param {Options} options
 * @param {{ after: string | null, processed: number }} position
 */
export function resumeCommand(options, { after, processed }) {
  const args = [
    ...(options.dryRun ? ["--dry-run"] : []),
    ...(options.force ? ["--force"] : []),
    ...(options.json ? ["--json"] : []),
    ...(options.quiet ? ["--quiet"] : []),
    ...(options.batchSize === 10 ? [] : ["--batch-size", options.batchSize]),
    ...(options.limit === null ? [] : ["--limit", Math.max(1, options.limit - processed)]),
    ...(after ? ["--after", after] : []),
  ];
  return `npm run backfill${args.length ? ` -- ${args.join(" ")}` : ""}`;
}
