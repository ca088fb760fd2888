// Clients that hang up, stop half-way or never stop.
import assert from "node:assert/strict";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { after, afterEach, before, describe, test } from "node:test";
import { holdBack } from "../lib/faults.mjs";
import { mockVector, vectorDistance } from "../lib/mock-embedding.mjs";
import { startStack } from "../lib/stack.mjs";
import { until } from "../lib/until.mjs";
import { modulesWithWindow, windowOf } from "./lib/window.mjs";

const PROFILE = "/api/profile";
const NEAR = 1e-6;
const CHUNK = "x".repeat(16 * 1024);

/** @type {import("../lib/stack.mjs").Stack} */
let stack;
/** @type {ReturnType<typeof windowOf>} */
let window;
before(async () => {
  stack = await startStack({ ai: false, modules: modulesWithWindow(), vars: { EMBEDDING_PROVIDER: "mock" } });
  window = windowOf(stack.worker);
});
after(() => stack.close());
afterEach(() => stack.proxy.faults.clear());

/**
 * A request under way, to be written to and cut off by hand.
 * @param {string} method @param {string} path @param {string} token @param {Record<string, string>} [headers]
 */
function open(method, path, token, headers = {}) {
  const { hostname, port } = new URL(stack.worker.url);
  const request = httpRequest({
    ...{ hostname, port, method, path, agent: false },
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json", ...headers },
  });
  request.on("error", () => {});
  const response = new Promise((/** @type {(value: import("node:http").IncomingMessage) => void} */ resolve) =>
    request.once("response", resolve),
  );
  return { request, response };
}

const works = async () => assert.equal((await stack.worker.fetch("/health")).status, 200);
/** Every event has ended: what it held is zeroed. */
const allEnded = () =>
  until("every event has ended", async () =>
    (await window.search([stack.supabase.serviceRoleKey])).every(({ found }) => found.length === 0),
  );

describe("a client that hangs up", () => {
  test("while its edit is on the way: the edit and its vector arrive all the same", async () => {
    const user = await stack.user();
    const { release, count } = holdBack(stack.proxy, ({ method }) => method === "PATCH");
    const { request } = open("PATCH", PROFILE, user.token);
    request.end(JSON.stringify({ current_title: "Lighthouse keeper" }));
    await until("the edit is at the database", () => count() === 1);
    request.destroy();
    release();
    await until("the vector is there", async () => {
      const vector = await stack.vector(user.id);
      return vector && vectorDistance(vector, mockVector("Lighthouse keeper")) < NEAR;
    });
    await works();
  });

  test("between the answer and the update behind it: the update goes on", async () => {
    const user = await stack.user();
    const { release, count } = holdBack(stack.proxy, ({ path }) => path.includes("store_resume_embeddings"));
    const { request, response } = open("PATCH", PROFILE, user.token);
    request.end(JSON.stringify({ current_title: "Ferryman" }));
    assert.equal((await response).statusCode, 200);
    await until("the vector is on its way", () => count() === 1);
    request.destroy();
    release();
    await until("the vector is there", async () => {
      const vector = await stack.vector(user.id);
      return vector && vectorDistance(vector, mockVector("Ferryman")) < NEAR;
    });
  });

  test("while it only reads: nothing is left behind", async () => {
    const user = await stack.user();
    const { release, count } = holdBack(stack.proxy, ({ headers }) => headers.authorization === `Bearer ${user.token}`);
    const { request } = open("GET", PROFILE, user.token);
    request.end();
    await until("the read is at the database", () => count() === 1);
    request.destroy();
    release();
    await allEnded();
    await works();
  });

  test("in the middle of a backfill: it ends after the page in hand, and the next call goes on", async () => {
    const users = await stack.users(20);
    await stack.age();
    const from = stack.proxy.calls.length;
    const { release, count } = holdBack(stack.proxy, ({ path }) => path.includes("store_resume_embeddings"));
    const { request, response } = open("POST", "/api/admin/backfill", stack.supabase.serviceRoleKey);
    request.end(JSON.stringify({ batch_size: 1, force: true }));
    const stream = await response;
    assert.equal(stream.statusCode, 200);
    stream.on("error", () => {});
    const first = await new Promise((resolve) => stream.once("data", (chunk) => resolve(String(chunk))));
    assert.match(first, /^\{"stale":\d+\}\n/);
    await until("the first page is about to be stored", () => count() === 1);
    request.destroy();
    release();
    await allEnded();
    const searches = stack.proxy.summary(from).filter((call) => call === "POST rpc/stale_resumes");
    assert.ok(searches.length <= 4, `${searches.length} pages, of the 12 that a call has time for`);

    const again = open("POST", "/api/admin/backfill", stack.supabase.serviceRoleKey);
    again.request.end(JSON.stringify({ batch_size: 100 }));
    const parts = [];
    for await (const part of await again.response) parts.push(part);
    assert.match(String(Buffer.concat(parts)), /"done":true,"next":null\}\}\n$/);
    for (const { id } of users) assert.equal((await stack.state(id)).embedded_revision, 1);
  });
});

describe("a body that stops half-way", () => {
  /** @param {string[]} head @param {string} part */
  async function halfBody(head, part) {
    const { hostname, port } = new URL(stack.worker.url);
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    const parts = /** @type {Buffer[]} */ ([]);
    socket.on("data", (chunk) => parts.push(Buffer.from(chunk)));
    socket.on("error", () => {});
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.write([...head, "", part].join("\r\n"));
    return { socket, closed, received: () => String(Buffer.concat(parts)) };
  }

  for (const [what, framing, part] of /** @type {[string, string, string][]} */ ([
    ["with a length", "Content-Length: 100", '{"current_title":"Half'],
    ["in chunks", "Transfer-Encoding: chunked", '10\r\n{"current_title"\r\n'],
    ["at a chunk that is none", "Transfer-Encoding: chunked", "zz\r\n{}\r\n0\r\n\r\n"],
    ["before it begins", "Content-Length: 100", ""],
  ])) {
    for (const how of ["end", "destroy"]) {
      test(`${what} (${how}) changes nothing and asks nobody`, async () => {
        const user = await stack.user();
        const from = stack.proxy.calls.length;
        const { socket, closed, received } = await halfBody(
          [
            "PATCH /api/profile HTTP/1.1",
            "Host: x",
            `Authorization: Bearer ${user.token}`,
            "Content-Type: application/json",
            framing,
            "",
          ],
          part,
        );
        await works();
        if (how === "end") socket.end();
        else socket.destroy();
        await closed;
        await allEnded();
        assert.doesNotMatch(received(), /^HTTP\/1.1 2/);
        assert.deepEqual(stack.proxy.summary(from), []);
        await works();
      });
    }
  }

  test("and is never ended takes no instance: 100 of them leave room for others", async () => {
    const user = await stack.user();
    const slow = Array.from({ length: 100 }, () => open("PATCH", PROFILE, user.token, { "content-length": "100" }));
    for (const { request } of slow) request.write("{");
    const before = (await window.search(["x"])).length;
    for (let i = 0; i < 10; i++) await works();
    assert.equal((await window.search(["x"])).length, before, "no instance has been made");
    for (const { request } of slow) request.destroy();
    await works();
  });
});

describe("a body without an end", () => {
  for (const [what, headers, path, status] of /** @type {[string, Record<string, string>, string, number][]} */ ([
    ["in chunks, is 413", {}, PROFILE, 413],
    ["with a length, is 413", { "content-length": String(2 ** 40) }, PROFILE, 413],
    ["to a path that takes none, is 404", {}, "/api/nothing", 404],
  ])) {
    test(`${what} as soon as more than 64 KiB are there`, async () => {
      const user = await stack.user();
      const from = stack.proxy.calls.length;
      const { request, response } = open("PATCH", path, user.token, headers);
      for (let i = 0; i < 5; i++) request.write(CHUNK);
      assert.equal((await response).statusCode, status);
      assert.deepEqual(stack.proxy.summary(from), []);
      request.destroy();
      await works();
    });
  }
});
