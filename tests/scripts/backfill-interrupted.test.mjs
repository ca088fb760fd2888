// The backfill when something comes between: broken connections, a busy worker, an outage of the database, Ctrl-C, a kill.
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { after, before, beforeEach, test } from "node:test";
import { startFaultProxy } from "../lib/fault-proxy.mjs";
import { until } from "../lib/until.mjs";
import { startWorker } from "../lib/worker.mjs";
import { startBackfillStack, USERS, WITH_TEXT } from "./backfill-stack.mjs";
import { descendants, objects, run, running, start, startLineProxy } from "./support.mjs";

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

/** The users that an output tells of. @param {string} stdout */
const told = (stdout) => objects(stdout).flatMap(({ user_id }) => user_id ?? []);

test("after a broken connection and a 503, it goes on where it was", async (t) => {
  let lines = 0;
  const proxy = await startLineProxy(stack.worker.url, (line) => {
    // In the middle of the third batch.
    if (line.includes("user_id") && ++lines === 10) {
      proxy.refuse(1);
      return "cut";
    }
  });
  t.after(proxy.close);
  const { code, stdout, stderr } = await run(
    "backfill.mjs",
    ["--json", "--batch-size", "4"],
    stack.deployed(proxy.url),
  );
  assert.equal(code, 0, stderr);
  const users = told(stdout);
  assert.deepEqual(users.slice(0, 8), ids.slice(0, 8), "the batches that came whole");
  assert.deepEqual(users.slice(8), ids.slice(USERS - users.length + 8), "the rest, each user once");
  assert.match(stderr, /Trying again in 1 s: .+\nTrying again in 2 s: the worker answered 503\n/);
  const { summary } = objects(stdout).at(-1);
  assert.deepEqual([summary.total, summary.failed], [USERS, 0]);
  // The worker was further than what came through.
  assert.equal(summary.processed + (summary.elsewhere ?? 0), USERS);
  assert.equal((await stack.vectors()).filter(Boolean).length, WITH_TEXT);
});

test("users of an outage are tried again, and told of once", async (t) => {
  const proxy = await startFaultProxy(stack.supabase.url);
  const worker = await startWorker({
    vars: { ...stack.local, SUPABASE_URL: proxy.url, SUPABASE_ANON_KEY: "unused", EMBEDDING_PROVIDER: "mock" },
  });
  t.after(() => Promise.all([worker.dispose(), proxy.close()]));
  // The second batch cannot be stored, however often the worker tries.
  let stores = 0;
  const match = (/** @type {{ path: string }} */ { path }) => path.endsWith("/store_resume_embeddings") && ++stores > 1;
  proxy.faults.add({ kind: "status", status: 503 }, { match, times: 3 });
  const { code, stdout, stderr } = await run("backfill.mjs", ["--json"], stack.deployed(worker.url));
  assert.equal(code, 0, stderr);
  assert.match(stderr, /Trying again in 1 s: the database could not store/);
  assert.deepEqual(told(stdout), ids);
  assert.equal(objects(stdout).at(-1).summary.success, WITH_TEXT);
});

test("an outage that stays ends it with 1, the reason and the way to go on", async (t) => {
  const proxy = await startLineProxy(stack.worker.url, () => {});
  t.after(proxy.close);
  proxy.refuse(Infinity);
  const { code, stdout, stderr } = await run("backfill.mjs", ["--json"], stack.deployed(proxy.url));
  assert.equal(code, 1);
  assert.equal(objects(stdout)[0].summary.done, false);
  assert.match(stderr, /Given up: the worker answered 503\.\n\nTo go on:\n  npm run backfill -- --json\n$/);
});

test("Ctrl-C stops after the current batch, and the command that it prints does the rest", async (t) => {
  let go = () => {};
  const signalled = new Promise((resolve) => (go = () => resolve(undefined)));
  let users = 0;
  const proxy = await startLineProxy(stack.worker.url, async (line) => {
    if (line.includes("user_id") && ++users === 6) await signalled;
  });
  t.after(proxy.close);
  const command = start("backfill.mjs", ["--json", "--batch-size", "4"], stack.deployed(proxy.url));
  await command.prints(new RegExp(ids[3]));
  command.kill("SIGINT");
  await command.prints(/Stopping after the current batch/, "stderr");
  go();
  const first = await command.ended;
  assert.equal(first.code, 0, first.stderr);
  assert.deepEqual(told(first.stdout), ids.slice(0, 8));
  const { summary } = objects(first.stdout).at(-1);
  assert.deepEqual([summary.done, summary.next, summary.processed], [false, ids[7], 8]);
  const [, args = ""] = /To go on:\n {2}npm run backfill -- (.+)\n$/.exec(first.stderr) ?? [];
  assert.equal(args, `--json --batch-size 4 --after ${ids[7]}`);

  const second = await run("backfill.mjs", args.split(" "), stack.deployed());
  assert.equal(second.code, 0, second.stderr);
  // The worker may have gone one batch further than was read.
  const rest = told(second.stdout);
  assert.deepEqual(rest, ids.slice(USERS - rest.length));
  assert.equal((await stack.vectors()).filter(Boolean).length, WITH_TEXT);
});

test("a second Ctrl-C stops at once", async (t) => {
  const proxy = await startLineProxy(stack.worker.url, (line) => {
    if (line.includes("user_id")) return new Promise(() => {});
  });
  t.after(proxy.close);
  const command = start("backfill.mjs", ["--json"], stack.deployed(proxy.url));
  await until("the request is under way", () => proxy.requests() === 1);
  command.kill("SIGINT");
  await command.prints(/Stopping after the current batch/, "stderr");
  const ended = command.ended.then(() => true);
  // Not taken for the first one arriving twice, as it comes through npm.
  await until("the second one is heeded", () => command.kill("SIGINT") === false || Promise.race([ended, pause(50)]));
  assert.equal((await command.ended).code, 130);
});

test("when it is killed, the worker that it started ends with it", async () => {
  const command = start("backfill.mjs", ["--batch-size", "1", "--json"], stack.local);
  await command.prints(/"user_id"/);
  const children = descendants(command.pid);
  assert.ok(children.length >= 2, "the worker's process and its runtime");
  command.kill("SIGKILL");
  await command.ended;
  await until("none of them is left", () => running(children).length === 0);
});
