// `npm run backfill` as people run it: on the embedded Supabase, with the worker that it starts itself and with a deployed
// one.
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { AI_ACCOUNT, AI_TOKEN, startAi } from "../lib/ai.mjs";
import { mockVector } from "../lib/mock-embedding.mjs";
import { startBackfillStack, titleOf, USERS, WITH_TEXT } from "./backfill-stack.mjs";
import { objects, run } from "./support.mjs";

/** @type {Awaited<ReturnType<typeof startBackfillStack>>} */
let stack;
/** @type {string[]} */
let ids;

before(async () => {
  stack = await startBackfillStack();
});

beforeEach(async () => {
  ids = await stack.renewUsers();
});

after(() => stack?.close());

/** @param {string} output @returns {Record<string, number>} */
const summaryOf = (output) =>
  Object.fromEntries([...output.matchAll(/^(\w+) +([\d,]+)$/gm)].map(([, name, n]) => [name, Number(n)]));

describe("with the worker started here", () => {
  test("embeds exactly the users who have text; a second run finds nothing", async () => {
    const first = await run("backfill.mjs", ["--batch-size", "4"], stack.local);
    assert.equal(first.code, 0, first.stderr);
    assert.match(first.stdout, /^Worker +started here, for http.*\nEmbeddings +MOCK .*\nBatch size +4\n/);
    assert.match(first.stderr, /WARNING: the MOCK provider is in use/);
    assert.match(first.stdout, /^\d+ of 23 users, /m);
    const counts = { total: USERS, processed: USERS, success: WITH_TEXT, skipped: USERS - WITH_TEXT, failed: 0 };
    assert.deepEqual(summaryOf(first.stdout), counts);
    const expected = ids.map((_, i) => titleOf(i) && mockVector(String(titleOf(i))).map(Math.fround));
    assert.deepEqual(
      (await stack.vectors()).map((v) => v && v.map(Math.fround)),
      expected,
    );

    const second = await run("backfill.mjs", [], stack.local);
    assert.equal(second.code, 0, second.stderr);
    assert.deepEqual(summaryOf(second.stdout), { total: 0, processed: 0, success: 0, skipped: 0, failed: 0 });
  });

  test("through Workers AI's REST API, a profile that it refuses fails alone: exit code 1", async (t) => {
    const ai = await startAi();
    t.after(ai.close);
    ai.refuse("number 7");
    const env = {
      ...stack.local,
      CLOUDFLARE_ACCOUNT_ID: AI_ACCOUNT,
      CLOUDFLARE_API_TOKEN: AI_TOKEN,
      WORKERS_AI_BASE_URL: ai.restUrl,
    };
    const { code, stdout, stderr } = await run("backfill.mjs", ["--batch-size", "100"], env);
    assert.equal(code, 1, stderr);
    assert.match(stdout, /^Embeddings +Workers AI, through its REST API, account /m);
    assert.doesNotMatch(stderr, /MOCK/);
    assert.match(stdout, new RegExp(`^failed  ${ids[7]}  \\S+`, "m"));
    assert.equal(summaryOf(stdout).failed, 1);
    assert.equal(summaryOf(stdout).success, WITH_TEXT - 1);
  });

  test("a wrong key or address is bad configuration", async () => {
    const wrongKey = await run("backfill.mjs", [], {
      ...stack.local,
      SUPABASE_SERVICE_ROLE_KEY: stack.supabase.anonKey,
    });
    assert.equal(wrongKey.code, 2);
    assert.match(wrongKey.stderr, /^SUPABASE_SERVICE_ROLE_KEY is not the service-role key/);
    const noProject = await run("backfill.mjs", [], { ...stack.local, SUPABASE_URL: stack.worker.url });
    assert.equal(noProject.code, 2);
    assert.match(noProject.stderr, /^SUPABASE_URL: /);
  });
});

describe("with a deployed worker", () => {
  test("a dry run names everyone and changes nothing", async () => {
    const { code, stdout, stderr } = await run("backfill.mjs", ["--json"], { ...stack.deployed(), DRY_RUN: "true" });
    assert.equal(code, 0, stderr);
    const lines = objects(stdout);
    assert.deepEqual(
      lines.slice(0, -1),
      ids.map((user_id) => ({ user_id, status: "skipped", reason: "dry run" })),
    );
    assert.equal(lines.at(-1).summary.skipped, USERS);
    assert.ok((await stack.vectors()).every((vector) => vector === null));
  });

  test("--limit stops early, --after goes on there, --force starts over", async () => {
    const args = ["--json", "--batch-size", "4", "--limit", "6"];
    const first = objects((await run("backfill.mjs", args, stack.deployed())).stdout);
    assert.deepEqual(
      first.slice(0, -1).map((line) => line.user_id),
      ids.slice(0, 6),
    );
    const { summary } = first[6];
    assert.deepEqual([summary.total, summary.processed, summary.done], [6, 6, true]);
    const rest = objects((await run("backfill.mjs", ["--json", "--after", ids[9]], stack.deployed())).stdout);
    assert.deepEqual(
      rest.slice(0, -1).map((line) => line.user_id),
      ids.slice(10),
    );
    const forced = objects((await run("backfill.mjs", ["--json", "--force"], stack.deployed())).stdout);
    assert.deepEqual(
      forced.slice(0, -1).map((line) => line.user_id),
      ids,
    );
    assert.equal(forced.at(-1).summary.success, WITH_TEXT);
  });

  test("--quiet prints the summary alone", async () => {
    const plain = await run("backfill.mjs", ["--quiet"], stack.deployed());
    assert.match(plain.stdout, /^total +23\nprocessed +23\nsuccess +\d+\nskipped +\d+\nfailed +0\ntime .*\n$/);
    const json = await run("backfill.mjs", ["--quiet", "--json"], stack.deployed());
    assert.equal(objects(json.stdout).length, 1);
  });

  test("another key is refused, and what is no worker too: exit code 2", async () => {
    const refused = await run("backfill.mjs", [], { ...stack.deployed(), SUPABASE_SERVICE_ROLE_KEY: "another" });
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /answered 404: .*SUPABASE_SERVICE_ROLE_KEY is not the key/);
    const elsewhere = await run("backfill.mjs", [], stack.deployed(stack.supabase.url));
    assert.equal(elsewhere.code, 2);
    assert.match(elsewhere.stderr, /^WORKER_URL: .* is not this worker/);
  });
});
