// Upstreams that stall, answer too late, too much or with a detour. The timeouts are constants of the core, so that these
// tests run side by side.
import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { after, before, describe, test } from "node:test";
import { aiVector, changedData } from "../lib/ai.mjs";
import { startFaultProxy } from "../lib/fault-proxy.mjs";
import { holdBack } from "../lib/faults.mjs";
import { vectorDistance } from "../lib/mock-embedding.mjs";
import { client, startStack } from "../lib/stack.mjs";
import { signingKey, userClaims } from "../lib/tokens.mjs";
import { until } from "../lib/until.mjs";
import { startProject, USER } from "./lib/project.mjs";
import { modulesWithWindow, windowOf } from "./lib/window.mjs";

/** @typedef {import("../lib/fault-proxy.mjs").UpstreamCall} UpstreamCall */

const PROFILE = "/api/profile";
const NEAR = 1e-6;
const DEADLINE_MS = 60_000;
const STALL = /** @type {const} */ ({ kind: "stall" });

/** @type {import("../lib/stack.mjs").Stack} */
let stack;
/** @type {import("../lib/worker.mjs").Worker} */
let asking;
before(async () => {
  stack = await startStack({ modules: modulesWithWindow() });
  asking = await stack.addWorker({ vars: { SUPABASE_JWT_SECRET: "" } });
});
after(() => stack.close());

async function scene() {
  const user = await stack.user();
  const title = `Title ${user.id}`;
  return {
    ...user,
    title,
    api: client(stack.worker, user.token),
    mine: (/** @type {UpstreamCall} */ call) => call.headers.authorization === `Bearer ${user.token}`,
    isRead: (/** @type {UpstreamCall} */ { method, headers, query }) =>
      method === "GET" && headers.apikey === stack.supabase.serviceRoleKey && String([...query]).includes(user.id),
    isEmbed: (/** @type {import("../lib/ai.mjs").AiCall} */ { texts }) => texts[0]?.includes(user.id) ?? false,
    edit: async () =>
      assert.equal((await client(stack.worker, user.token).patch(PROFILE, { current_title: title })).status, 200),
    stored: () =>
      until(
        "the vector is there",
        async () => vectorDistance(await stack.vector(user.id), aiVector(title)) < NEAR,
        DEADLINE_MS,
      ),
  };
}

describe("an upstream that stalls in the middle of its answer", { concurrency: true }, () => {
  for (const method of /** @type {const} */ (["get", "patch"])) {
    test(`is 504 to the user who waits (${method})`, async () => {
      const one = await scene();
      stack.proxy.faults.add(STALL, { match: one.mine });
      const { status, body } = await one.api[method](PROFILE, method === "patch" ? { phone: "1" } : undefined);
      assert.deepEqual([status, body.code], [504, "UPSTREAM_ERROR"]);
    });
  }

  test("is 504 when it is the auth server", async () => {
    const one = await scene();
    stack.proxy.faults.add(STALL, { match: (call) => one.mine(call) && call.path === "/auth/v1/user" });
    assert.equal((await client(asking, one.token).get(PROFILE)).status, 504);
  });

  test("is 503 when it is the key set, once for all that wait", async () => {
    const key = await signingKey("ES256", "ec");
    const project = await startProject();
    try {
      project.publish(STALL);
      const token = await key.sign(userClaims(USER));
      const answers = await Promise.all(Array.from({ length: 20 }, () => project.ask(token)));
      assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([503]));
    } finally {
      await project.close();
    }
  });

  test("is tried again when it is the update's read", async () => {
    const one = await scene();
    stack.proxy.faults.add(STALL, { times: 1, match: one.isRead });
    await one.edit();
    await one.stored();
  });

  test("is tried again when it is the model", async () => {
    const one = await scene();
    stack.ai.faults.add(STALL, { times: 1, match: one.isEmbed });
    await one.edit();
    await one.stored();
  });

  /** The model's first answer to a scene, held back, then sent with a word that nothing else contains. */
  function holdModel(/** @type {Awaited<ReturnType<typeof scene>>} */ one) {
    let release = () => {};
    const released = new Promise((resolve) => (release = () => resolve(undefined)));
    let sent = false;
    const { change } = changedData(() => [Array(500).fill("Timbuktu")]);
    const changeLate = (/** @type {import("../lib/faults.mjs").Answer} */ answer) => {
      sent = true;
      return change(answer);
    };
    stack.ai.faults.add(
      { kind: "answer", before: () => released, change: changeLate },
      { times: 1, match: one.isEmbed },
    );
    return { release, sent: () => sent };
  }
  /** @param {ReturnType<typeof holdBack>} held */
  const reached = ({ count }) => until("the database is asked", () => count() === 1, DEADLINE_MS);
  /** @param {ReturnType<typeof windowOf>} window @param {ReturnType<typeof holdModel>} model */
  async function assertNotWritten(window, model) {
    model.release();
    await until("the late answer has been sent", model.sent);
    const settled = Date.now() + 300;
    /** @type {string[]} */
    const written = [];
    await until("it has had time to do harm", async () => {
      for (const { found } of await window.search(["Timbuktu"])) written.push(...found);
      return Date.now() > settled;
    });
    assert.deepEqual(written, []);
  }

  test("and answers while its event goes on touches no memory", async () => {
    const worker = await stack.addWorker({ modules: modulesWithWindow() });
    const one = await scene();
    const model = holdModel(one);
    const store = holdBack(
      stack.proxy,
      ({ path, body }) => path.endsWith("store_resume_embeddings") && body.includes(one.id),
    );
    await client(worker, one.token).patch(PROFILE, { current_title: one.title });
    await reached(store);
    await assertNotWritten(windowOf(worker), model);
    store.release();
    await one.stored();
  });

  test("and answers when its event is over touches no memory of a later one", async () => {
    const worker = await stack.addWorker({ modules: modulesWithWindow() });
    const window = windowOf(worker);
    const one = await scene();
    const model = holdModel(one);
    await client(worker, one.token).patch(PROFILE, { current_title: one.title });
    await one.stored();
    const instances = (await window.search([])).length;

    const next = await scene();
    const read = holdBack(stack.proxy, next.mine);
    const asked = client(worker, next.token).get(PROFILE);
    await reached(read);
    assert.equal((await window.search([])).length, instances, "on the same instance");
    await assertNotWritten(window, model);
    read.release();
    const { status, body } = await asked;
    assert.deepEqual([status, body.profile.id], [200, next.id]);
    assert.ok(vectorDistance(await stack.vector(one.id), aiVector(one.title)) < NEAR);
  });
});

describe("an answer that is too much", () => {
  const MIB = 1024 * 1024;
  /** @param {Record<string, string>} headers @param {Buffer} body */
  const answer = (headers, body) => ({
    kind: /** @type {const} */ ("answer"),
    change: () => ({ status: 200, headers: { "content-type": "application/json", ...headers }, body }),
  });
  const rows = (/** @type {number} */ size) => Buffer.from(`[{"id":"${"x".repeat(size - 10)}"}]`);

  for (const [what, fault] of /** @type {[string, import("../lib/faults.mjs").Fault][]} */ ([
    ["beyond 8 MiB", answer({}, rows(8 * MIB + 1))],
    ["beyond 8 MiB once it is unpacked", answer({ "content-encoding": "gzip" }, gzipSync(rows(256 * MIB)))],
  ])) {
    test(`${what} is 502, and costs no more memory than that`, async () => {
      const one = await scene();
      const window = windowOf(stack.worker);
      stack.proxy.faults.add(fault, { match: one.mine });
      const { status, body } = await one.api.get(PROFILE);
      assert.deepEqual([status, body.code], [502, "UPSTREAM_ERROR"]);
      for (const { bytes } of await window.search(["x"])) assert.ok(bytes <= 20 * MIB, String(bytes));
    });
  }
});

describe("a detour", () => {
  for (const status of [301, 302, 303, 307, 308]) {
    test(`(${status}) is not taken: the keys go nowhere else`, async () => {
      const elsewhere = await startFaultProxy(null);
      try {
        const one = await scene();
        const headers = { location: `${elsewhere.url}/rest/v1/users` };
        stack.proxy.faults.add(
          { kind: "status", status, headers },
          { match: (call) => one.mine(call) || one.isRead(call) },
        );
        assert.equal((await one.api.get(PROFILE)).status, 502);
        const from = stack.worker.log.lines.length;
        await stack.worker.consume([{ body: { user_id: one.id } }]);
        await stack.worker.log.waitFor(new RegExp(`HTTP ${status}`), { from });
        assert.deepEqual(elsewhere.calls, []);
      } finally {
        await elsewhere.close();
      }
    });
  }
});

describe("profiles that are huge in memory", () => {
  /** The combined read's answer for the ids asked for: many rows, each as small as it can be. @param {number} skills */
  const hugeProfiles =
    (skills) =>
    (/** @type {UpstreamCall} */ { query }) => {
      const ids = String(query.get("id")).slice(4, -1).split(",");
      const state = { revision: 1, embedded_revision: 0, model: null, text_hash: null, attempts: 0 };
      const list = Array(skills).fill({ name: "a" });
      return ids.map((id) => ({
        id,
        current_title: id,
        resume_embedding_state: state,
        work_experience: [],
        skills: list,
      }));
    };

  test("are read in smaller batches, so that a hundred of them fit, and each is stored", async () => {
    const project = await startProject();
    try {
      const build = hugeProfiles(20_000);
      /** @type {string[]} */
      const stored = [];
      project.upstream.faults.clear();
      project.upstream.faults.next = (call) => {
        if (call.path === "/rest/v1/users") return { kind: "status", status: 200, body: build(call) };
        const { items } = JSON.parse(call.body);
        stored.push(...items.map((/** @type {any} */ { user_id }) => user_id));
        return {
          kind: "status",
          status: 200,
          body: items.map((/** @type {any} */ { user_id }) => ({ user_id, outcome: "stored" })),
        };
      };
      const ids = Array.from({ length: 100 }, (_, i) => `00000000-0000-4000-8000-${String(i).padStart(12, "0")}`);
      const fates = await project.worker.consume(ids.map((user_id) => ({ body: { user_id } })));
      assert.deepEqual(new Set(fates), new Set(["ack"]));
      assert.deepEqual(stored.sort(), ids);
      const lines = project.worker.log.texts();
      assert.ok(!lines.some((line) => line.includes("The core failed")));
      for (const id of ids)
        assert.ok(lines.some((line) => line.includes(`Successfully updated resume embedding for user ${id} in`)));
    } finally {
      await project.close();
    }
  });
});
