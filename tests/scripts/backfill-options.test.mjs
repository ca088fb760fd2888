// What `npm run backfill` refuses before it starts anything, and what it says then.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readBackfillOptions, resumeCommand } from "../../scripts/lib/backfill-options.mjs";
import { run } from "./support.mjs";

const ID = "00000000-0000-4000-8000-00000000ada0";
const DEPLOYED = { WORKER_URL: "https://worker.example", SUPABASE_SERVICE_ROLE_KEY: "key" };
const LOCAL = { SUPABASE_URL: "http://127.0.0.1:54321/", SUPABASE_SERVICE_ROLE_KEY: "key" };

/** @type {[string, string[], Record<string, string>, RegExp][]} */
const REFUSED = [
  ["an unknown option", ["--fast"], DEPLOYED, /Unknown option '--fast'\. See --help/],
  ["an argument", ["everyone"], DEPLOYED, /everyone/],
  ["an option without its value", ["--limit"], DEPLOYED, /--limit/],
  ["a batch of none", ["--batch-size", "0"], DEPLOYED, /--batch-size .*1 to 100.*"0"/],
  ["a batch of 101", ["--batch-size=101"], DEPLOYED, /--batch-size/],
  ["half a user", ["--limit", "1.5"], DEPLOYED, /--limit .*"1\.5"/],
  ["a cursor that is no id", ["--after", "ada"], DEPLOYED, /--after .*"ada"/],
  ["an unclear DRY_RUN", [], { ...DEPLOYED, DRY_RUN: "maybe" }, /DRY_RUN .*"maybe"/],
  ["no variables", [], {}, /SUPABASE_URL and SUPABASE_SERVICE_ROLE_KEY are not set/],
  ["no key", [], { SUPABASE_URL: "http://127.0.0.1:1" }, /^SUPABASE_SERVICE_ROLE_KEY is not set/],
  ["no key for the worker", [], { WORKER_URL: "https://worker.example" }, /^SUPABASE_SERVICE_ROLE_KEY is not set/],
  [
    "an address without scheme",
    [],
    { ...DEPLOYED, WORKER_URL: "worker.example" },
    /WORKER_URL must be .*worker\.example/,
  ],
  ["a database's address", [], { ...LOCAL, SUPABASE_URL: "postgres://db" }, /SUPABASE_URL must be/],
  ["an account without token", [], { ...LOCAL, CLOUDFLARE_ACCOUNT_ID: "a" }, /^CLOUDFLARE_API_TOKEN is not set/],
  ["a token without account", [], { ...LOCAL, CLOUDFLARE_API_TOKEN: "t" }, /^CLOUDFLARE_ACCOUNT_ID is not set/],
];

describe("refused with exit code 2", () => {
  for (const [name, args, env, message] of REFUSED) {
    test(name, () => {
      assert.throws(() => readBackfillOptions(args, env), { exitCode: 2, message });
    });
  }
});

test("the command itself ends with 2 and one sentence", async () => {
  const { code, stdout, stderr } = await run("backfill.mjs");
  assert.equal(code, 2);
  assert.equal(stdout, "");
  assert.match(stderr, /^SUPABASE_URL and SUPABASE_SERVICE_ROLE_KEY are not set: [^\n]+\n$/);
});

test("--help names every option and variable", async () => {
  const { code, stdout } = await run("backfill.mjs", ["--help"]);
  assert.equal(code, 0);
  for (const word of [
    ...["--dry-run", "--batch-size", "--limit", "--after", "--force", "--json", "--quiet", "--help", "DRY_RUN"],
    ...["WORKER_URL", "SUPABASE_URL", "SUPABASE_SERVICE_ROLE_KEY", "CLOUDFLARE_ACCOUNT_ID", "CLOUDFLARE_API_TOKEN"],
    ...["EMBEDDING_MODEL", "EMBEDDING_POOLING", "AI_GATEWAY_ID", "WORKERS_AI_BASE_URL"],
  ]) {
    assert.ok(stdout.includes(word), `${word} is missing`);
  }
});

test("the worker that is started here gets the provider and what goes with it", () => {
  const model = {
    EMBEDDING_MODEL: "m",
    EMBEDDING_POOLING: "cls",
    AI_GATEWAY_ID: "g",
    WORKERS_AI_BASE_URL: "http://ai",
  };
  const mock = /** @type {any} */ (readBackfillOptions([], { ...LOCAL, ...model }));
  assert.equal(mock.workerUrl, null);
  assert.equal(mock.vars.EMBEDDING_PROVIDER, "mock");
  assert.equal(mock.vars.SUPABASE_URL, "http://127.0.0.1:54321");
  const credentials = { CLOUDFLARE_ACCOUNT_ID: "a", CLOUDFLARE_API_TOKEN: "t" };
  const rest = /** @type {any} */ (readBackfillOptions([], { ...LOCAL, ...model, ...credentials }));
  assert.equal(rest.vars.EMBEDDING_PROVIDER, "rest");
  for (const [name, value] of Object.entries({ ...model, ...credentials })) assert.equal(rest.vars[name], value);
});

test("DRY_RUN=true is --dry-run, and DRY_RUN=false is not", () => {
  const dryRun = (/** @type {string} */ text) =>
    /** @type {any} */ (readBackfillOptions([], { ...DEPLOYED, DRY_RUN: text })).dryRun;
  assert.deepEqual([dryRun("true"), dryRun("1"), dryRun("false"), dryRun("")], [true, true, false, false]);
});

test("the command to go on keeps the options and takes off what is done", () => {
  const args = ["--force", "--limit", "10", "--batch-size", "4"];
  const options = /** @type {any} */ (readBackfillOptions(args, DEPLOYED));
  const command = resumeCommand(options, { after: ID, processed: 8 });
  assert.equal(command, `npm run backfill -- --force --batch-size 4 --limit 2 --after ${ID}`);
  const plain = /** @type {any} */ (readBackfillOptions([], DEPLOYED));
  assert.equal(resumeCommand(plain, { after: null, processed: 0 }), "npm run backfill");
});
