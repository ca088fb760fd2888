// Which paths and methods are served, and what every answer carries, whatever it says.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startFaultProxy } from "../lib/fault-proxy.mjs";
import { rawRequest } from "../lib/raw-http.mjs";
import { SECRET } from "../lib/tokens.mjs";
import { startWorker } from "../lib/worker.mjs";

const LISTED = "https://app.example.com";

/** @type {Awaited<ReturnType<typeof startFaultProxy>>} */
let upstream;
/** @type {import("../lib/worker.mjs").Worker} */
let worker;
/** @type {import("../lib/worker.mjs").Worker} */
let open;

before(async () => {
  upstream = await startFaultProxy(null);
  const vars = {
    SUPABASE_URL: upstream.url,
    SUPABASE_ANON_KEY: "anon",
    SUPABASE_SERVICE_ROLE_KEY: "service",
    SUPABASE_JWT_SECRET: SECRET,
    EMBEDDING_PROVIDER: "mock",
  };
  worker = await startWorker({ vars: { ...vars, ALLOWED_ORIGINS: `https://other.example.com, ${LISTED}` } });
  open = await startWorker({ vars: { ...vars, ALLOWED_ORIGINS: "*" } });
});

after(async () => {
  await Promise.all([worker.dispose(), open.dispose()]);
  await upstream.close();
});

const ID = "11111111-1111-4111-8111-111111111111";
const PROFILE_METHODS = "GET, HEAD, PUT, PATCH, OPTIONS";
const LIST_METHODS = "GET, HEAD, POST, OPTIONS";
const ITEM_METHODS = "GET, HEAD, PUT, PATCH, DELETE, OPTIONS";

describe("paths", () => {
  const cases = [
    ["/health", 200],
    ["/health/", 200],
    ["/health?x=1", 200],
    ["/%68ealth", 200],
    ["/api", 200],
    ["/api/", 200],
    ["/api/openapi.json", 200],
    ["/", 404],
    ["/nope", 404],
    ["/HEALTH", 404],
    ["/health//", 404],
    ["//health", 404],
    ["/health%2F", 404],
    ["/health%zz", 404],
    ["/health%", 404],
    ["/health%00", 404],
    ["/health%ff", 404],
    ["/api%2Fprofile", 404],
    ["/api/profile/skills//", 404],
    [`/api/profile/skills/${ID}/more`, 404],
    ["/api/profile", 401],
    ["/api/profile/", 401],
    ["/api/%70rofile", 401],
    ["/api/profile/skills", 401],
    [`/api/profile/skills/${ID}`, 401],
    ["/api/profile/work-experience/", 401],
    ["/api/profile/embedding", 401],
  ];
  for (const [path, status] of cases) {
    test(`GET ${path} is ${status}`, async () => {
      const answer = await rawRequest(worker.url, String(path));
      assert.equal(answer.status, status);
      if (status === 404) assert.deepEqual([answer.json.code, answer.json.statusCode], ["NOT_FOUND", 404]);
    });
  }

  test("a double slash in the query or a fragment-like escape does not change the path", async () => {
    assert.equal((await rawRequest(worker.url, "/health?next=//x/%2F#y")).status, 200);
  });
});

describe("methods", () => {
  const refused = [
    ["POST", "/health", "GET, HEAD, OPTIONS"],
    ["PUT", "/api", "GET, HEAD, OPTIONS"],
    ["DELETE", "/api/profile", PROFILE_METHODS],
    ["POST", "/api/profile/", PROFILE_METHODS],
    ["PATCH", "/api/profile/skills", LIST_METHODS],
    ["DELETE", "/api/profile/work-experience", LIST_METHODS],
    ["POST", `/api/profile/skills/${ID}`, ITEM_METHODS],
    ["POST", `/api/profile/work-experience/${ID}`, ITEM_METHODS],
    ["POST", "/api/profile/embedding", "GET, HEAD, OPTIONS"],
    ["PROPFIND", "/api/profile", PROFILE_METHODS],
  ];
  for (const [method, path, allow] of refused) {
    test(`${method} ${path} is 405 with Allow: ${allow}`, async () => {
      const answer = await rawRequest(worker.url, String(path), { method });
      assert.equal(answer.status, 405);
      assert.equal(answer.headers.allow, allow);
      assert.equal(answer.json.code, "METHOD_NOT_ALLOWED");
      assert.equal(answer.json.statusCode, 405);
    });
  }

  test("the administrator's path shows itself to nobody, whatever the method", async () => {
    for (const method of ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"]) {
      const unknown = await rawRequest(worker.url, "/api/admin/nothing", { method });
      const answer = await rawRequest(worker.url, "/api/admin/backfill", { method });
      assert.deepEqual([answer.status, answer.text, answer.headers.allow], [404, unknown.text, undefined], method);
    }
  });

  test("HEAD answers what GET does, without the body", async () => {
    for (const path of ["/health", "/api/openapi.json", "/api/profile", "/nope"]) {
      const get = await rawRequest(worker.url, path);
      const head = await rawRequest(worker.url, path, { method: "HEAD" });
      assert.equal(head.status, get.status, path);
      assert.equal(head.text, "", path);
      assert.equal(head.headers["content-type"], get.headers["content-type"], path);
      assert.notEqual(get.text, "", path);
    }
  });

  test("OPTIONS answers with what a path takes, without asking who it is", async () => {
    for (const [path, allow] of [
      ["/health", "GET, HEAD, OPTIONS"],
      ["/api/profile", PROFILE_METHODS],
      ["/api/profile/skills/", LIST_METHODS],
      [`/api/profile/skills/${ID}`, ITEM_METHODS],
    ]) {
      const answer = await rawRequest(worker.url, String(path), { method: "OPTIONS" });
      assert.deepEqual([answer.status, answer.headers.allow, answer.text], [204, allow, ""], path);
      assert.equal(answer.headers["access-control-allow-origin"], undefined);
    }
    assert.equal((await rawRequest(worker.url, "/nope", { method: "OPTIONS" })).status, 404);
  });
});

describe("every answer", () => {
  const requests = [
    ["GET", "/health"],
    ["GET", "/nope"],
    ["POST", "/health"],
    ["OPTIONS", "/api/profile"],
    ["GET", "/api/profile"],
    ["HEAD", "/health"],
  ];
  for (const [method, path] of requests) {
    test(`${method} ${path} carries the security headers and a request id`, async () => {
      const { headers } = await rawRequest(worker.url, String(path), { method });
      assert.equal(headers["x-content-type-options"], "nosniff");
      assert.equal(headers["cache-control"], "no-store");
      assert.match(String(headers["strict-transport-security"]), /^max-age=\d{7,}/);
      assert.match(String(headers["x-request-id"]), /^[0-9a-f]{32}$/);
      assert.equal(headers["x-powered-by"], undefined);
    });
  }

  test("a request id is taken over when it is plain, and replaced when not", async () => {
    const withId = async (/** @type {string} */ id) =>
      (await rawRequest(worker.url, "/health", { headers: { "x-request-id": id } })).headers["x-request-id"];
    for (const id of ["abc", "trace-1_2.3", "x".repeat(64)]) assert.equal(await withId(id), id);
    for (const id of ["a b", "a,b", "x".repeat(65), '"x"', "a;b", "ü"]) {
      assert.match(String(await withId(id)), /^[0-9a-f]{32}$/, id);
    }
  });

  test("two requests have different ids", async () => {
    const [one, two] = await Promise.all(["/health", "/health"].map((path) => rawRequest(worker.url, path)));
    assert.notEqual(one?.headers["x-request-id"], two?.headers["x-request-id"]);
  });

  test("the request id stands in the log lines", async () => {
    await rawRequest(worker.url, "/api/profile", { headers: { "x-request-id": "seen-in-the-log" } });
    await worker.log.waitFor(/^\[Auth\] Refused: no Authorization header \(request seen-in-the-log\)$/);
  });

  test("health tells version, environment and provider", async () => {
    const { json } = await rawRequest(worker.url, "/health");
    assert.deepEqual({ ...json, version: "" }, { status: "ok", version: "", environment: "test", provider: "mock" });
    assert.match(json.version, /^\d+\.\d+\.\d+$/);
  });
});

describe("CORS", () => {
  /**
   * @param {import("../lib/worker.mjs").Worker} to
   * @param {string} origin
   * @param {string} [method]
   */
  const ask = async (to, origin, method = "GET") => {
    const preflight = { "access-control-request-method": "PATCH", "access-control-request-headers": "authorization" };
    const headers = { origin, ...(method === "OPTIONS" && preflight) };
    return (await rawRequest(to.url, "/api/profile", { method, headers })).headers;
  };

  test("a listed origin may read the answer, errors included", async () => {
    const headers = await ask(worker, LISTED);
    assert.equal(headers["access-control-allow-origin"], LISTED);
    assert.match(String(headers["access-control-expose-headers"]), /X-Request-Id/);
    assert.match(String(headers.vary), /Origin/);
    assert.equal(headers["access-control-allow-credentials"], undefined);
  });

  test("its preflight names the methods and headers", async () => {
    const headers = await ask(worker, LISTED, "OPTIONS");
    assert.equal(headers["access-control-allow-origin"], LISTED);
    assert.equal(headers["access-control-allow-methods"], PROFILE_METHODS);
    assert.match(String(headers["access-control-allow-headers"]), /Authorization/);
    assert.match(String(headers["access-control-allow-headers"]), /Content-Type/);
    assert.match(String(headers["access-control-max-age"]), /^\d+$/);
  });

  const unlisted = [
    "https://evil.example.com",
    "http://app.example.com",
    "https://app.example.com.evil.com",
    "https://app.example.com:8443",
    "https://APP.example.com",
    "null",
    "*",
    `${LISTED}, https://evil.example.com`,
    "https://other.example.com,",
  ];
  for (const origin of unlisted) {
    test(`${origin} is never reflected`, async () => {
      for (const method of ["GET", "OPTIONS"]) {
        const headers = await ask(worker, origin, method);
        const names = Object.keys(headers).filter((name) => name.startsWith("access-control-"));
        assert.deepEqual(names, []);
        assert.match(String(headers.vary), /Origin/);
      }
    });
  }

  test("* lets everybody read, still without credentials", async () => {
    const headers = await ask(open, "https://anywhere.example", "OPTIONS");
    assert.equal(headers["access-control-allow-origin"], "*");
    assert.equal(headers["access-control-allow-methods"], PROFILE_METHODS);
    assert.equal(headers["access-control-allow-credentials"], undefined);
  });
});

test("none of this asked the database anything", () => {
  assert.deepEqual(upstream.summary(), []);
});
