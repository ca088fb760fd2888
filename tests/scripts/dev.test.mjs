// `make dev`: from its start to Ctrl-C, and what it says when it cannot start.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { listenOnLoopback } from "../lib/faults.mjs";
import { until } from "../lib/until.mjs";
import { descendants, freePort, run, running, start } from "./support.mjs";

/** @type {string} */
let folder;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "dev-test-"));
});

after(() => rm(folder, { recursive: true, force: true }));

const ports = async () => ({ PORT: String(await freePort()), SUPABASE_PORT: String(await freePort()) });

/** @param {string} port @returns {Promise<boolean>} */
const listens = (port) =>
  new Promise((resolve) => {
    const socket = connect({ port: Number(port), host: "127.0.0.1" });
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });

/** Runs the curl command that it prints. @param {string} text */
async function pasteCurl(text) {
  const [, method = "", url = ""] = /^curl -X (\w+) (\S+)/m.exec(text) ?? [];
  const headers = [...text.matchAll(/-H '([^:]+): ([^']+)'/g)].map(([, name = "", value = ""]) => [name, value]);
  const [, body] = /-d '([^']+)'/.exec(text) ?? [];
  const response = await fetch(url, { method, headers: Object.fromEntries(headers), body });
  return { status: response.status, body: /** @type {any} */ (await response.json()) };
}

test("starts, takes the curl that it prints, follows the log, and leaves nothing behind", async (t) => {
  const env = await ports();
  const dev = start("dev.mjs", ["--data-dir", folder], env);
  t.after(() => dev.kill("SIGINT"));
  await dev.prints(/Ctrl-C stops everything/);
  const { stdout } = dev.result;
  assert.match(stdout, new RegExp(`Worker +http://127\\.0\\.0\\.1:${env.PORT} `));
  assert.match(stdout, new RegExp(`Supabase +http://127\\.0\\.0\\.1:${env.SUPABASE_PORT} `));
  assert.match(stdout, /User +ada@example\.com, password \S+/);

  const { status, body } = await pasteCurl(stdout);
  assert.equal(status, 200);
  assert.equal(body.profile.current_title, "Staff data engineer");
  await dev.prints(new RegExp(`\\[Embeddings\\] Successfully updated resume embedding for user ${body.profile.id}`));
  assert.doesNotMatch(dev.result.stdout, /wrangler:info|bindings|⎔/);

  const second = await run("dev.mjs", ["--data-dir", folder], await ports());
  assert.equal(second.code, 1);
  assert.match(second.stderr, /^make dev already runs on .*\n$/);

  const children = descendants(dev.pid);
  dev.kill("SIGINT");
  const { code, stderr } = await dev.ended;
  assert.equal(code, 0, stderr);
  await until("every process has ended", () => running(children).length === 0);
  assert.deepEqual([await listens(env.PORT), await listens(env.SUPABASE_PORT)], [false, false]);
});

test("keeps its data, and ends its children even when it is killed", async () => {
  const dev = start("dev.mjs", ["--data-dir", folder], await ports());
  await dev.prints(/Ctrl-C stops everything/);
  const answer = await pasteCurl(dev.result.stdout.replace("-X PATCH", "-X GET").replace(/-d '.*'/, ""));
  assert.equal(answer.body.profile.current_title, "Staff data engineer");
  const children = descendants(dev.pid);
  assert.ok(children.length > 0);
  dev.kill("SIGKILL");
  await dev.ended;
  await until("every process has ended", () => running(children).length === 0);
});

test("a port in use is named, with the variable that chooses another", async (t) => {
  const { port, close } = await listenOnLoopback(createServer());
  t.after(close);
  for (const variable of ["PORT", "SUPABASE_PORT"]) {
    const env = { ...(await ports()), [variable]: String(port) };
    const { code, stdout, stderr } = await run("dev.mjs", ["--data-dir", folder], env);
    assert.equal(code, 1);
    assert.equal(stdout, "", "nothing is started");
    assert.match(stderr, new RegExp(`^Port ${port} on 127\\.0\\.0\\.1 is in use: .*${variable}=[^\\n]*\\n$`));
  }
});

test("bad ports and unknown options are refused in one sentence", async () => {
  for (const [args, env, message] of /** @type {[string[], Record<string, string>, RegExp][]} */ ([
    [[], { PORT: "http" }, /^PORT must be a port number.*"http"/],
    [[], { PORT: "8787", SUPABASE_PORT: "8787" }, /^PORT and SUPABASE_PORT must differ/],
    [["--fast"], {}, /^Unknown option '--fast'/],
  ])) {
    const { code, stderr } = await run("dev.mjs", args, env);
    assert.equal(code, 2);
    assert.match(stderr, message);
    assert.equal(stderr.trim().split("\n").length, 1);
  }
  const { code, stdout } = await run("dev.mjs", ["--help"]);
  assert.equal(code, 0);
  assert.match(stdout, /SUPABASE_PORT/);
});
