// What every kind of answer carries, whatever it says: the security headers, the request id, and CORS for listed origins
// alone.
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { rawRequest } from "../lib/raw-http.mjs";
import { hs256, userClaims } from "../lib/tokens.mjs";
import { ROW, SERVICE_KEY, startProject, USER } from "./lib/project.mjs";

const TOKEN = hs256(userClaims(USER));
const LISTED = "https://app.example.com";
const ITEM = `/api/profile/skills/${ROW}`;
const JSON_TYPE = "application/json; charset=utf-8";

/** @typedef {Awaited<ReturnType<typeof startProject>>} Project */
/** @typedef {import("../lib/faults.mjs").Fault} Fault */

/** @type {Project} */
let project;
/** @type {Project} */
let unset;
before(async () => {
  [project, unset] = await Promise.all([
    startProject({ vars: { ALLOWED_ORIGINS: `https://other.example.com, ${LISTED}` } }),
    startProject({ vars: { SUPABASE_ANON_KEY: "", ALLOWED_ORIGINS: LISTED } }),
  ]);
});
after(() => Promise.all([project.close(), unset.close()]));
beforeEach(() => project.publish([]));

const upstreamSays = (/** @type {Fault} */ fault) => {
  project.upstream.faults.clear();
  project.upstream.faults.add(fault);
};
const errorOf = (/** @type {string} */ code, status = 400) => ({
  kind: /** @type {const} */ ("status"),
  status,
  body: { code, message: "x" },
});

/**
 * @typedef {object} Kind
 * @property {number} status
 * @property {string} what
 * @property {string} method
 * @property {string} path
 * @property {string} [body]
 * @property {string | null} [key] null sends none
 * @property {Record<string, string>} [headers]
 * @property {Fault} [fault]
 * @property {string} [type] the answer's
 */

/** @type {Kind[]} */
const KINDS = [
  { status: 200, what: "a public answer", method: "GET", path: "/health", key: null },
  { status: 200, what: "the API's description", method: "GET", path: "/api/openapi.json", key: null },
  { status: 200, what: "a profile", method: "GET", path: "/api/profile" },
  { status: 200, what: "a list", method: "GET", path: "/api/profile/skills" },
  { status: 200, what: "a deletion", method: "DELETE", path: ITEM },
  { status: 200, what: "HEAD of a profile", method: "HEAD", path: "/api/profile" },
  {
    status: 200,
    what: "a stream",
    method: "POST",
    path: "/api/admin/backfill",
    key: SERVICE_KEY,
    type: "application/x-ndjson; charset=utf-8",
  },
  { status: 201, what: "a new row", method: "POST", path: "/api/profile/skills", body: '{"name":"C"}' },
  { status: 204, what: "OPTIONS", method: "OPTIONS", path: ITEM, key: null, type: "" },
  { status: 400, what: "invalid JSON", method: "POST", path: "/api/profile/skills", body: "{" },
  { status: 400, what: "invalid data", method: "POST", path: "/api/profile/skills", body: "{}" },
  { status: 401, what: "no token", method: "GET", path: "/api/profile", key: null },
  { status: 401, what: "a bad token", method: "GET", path: "/api/profile", key: "a.b.c" },
  { status: 401, what: "HEAD without a token", method: "HEAD", path: "/api/profile", key: null },
  { status: 404, what: "no such path", method: "GET", path: "/api/nothing" },
  { status: 404, what: "no such path, HEAD", method: "HEAD", path: "/api/nothing" },
  { status: 404, what: "no such row", method: "GET", path: "/api/profile/skills/x" },
  { status: 404, what: "a hidden route", method: "POST", path: "/api/admin/backfill" },
  { status: 405, what: "another method", method: "DELETE", path: "/api/profile" },
  { status: 405, what: "a method that HTTP does not know", method: "PURGE", path: "/api/profile" },
  {
    status: 409,
    what: "a conflict",
    method: "POST",
    path: "/api/profile/skills",
    body: '{"name":"C"}',
    fault: errorOf("23505", 409),
  },
  { status: 413, what: "too large a body", method: "POST", path: "/api/profile/skills", body: "x".repeat(65_537) },
  {
    status: 415,
    what: "another type",
    method: "POST",
    path: "/api/profile/skills",
    body: "<x/>",
    headers: { "content-type": "text/xml" },
  },
  { status: 502, what: "nonsense from the database", method: "GET", path: "/api/profile", fault: { kind: "garbage" } },
  { status: 503, what: "no database", method: "GET", path: "/api/profile", fault: { kind: "refuse" } },
  { status: 503, what: "HEAD without a database", method: "HEAD", path: "/api/profile", fault: { kind: "refuse" } },
  { status: 504, what: "a slow database", method: "GET", path: "/api/profile", fault: errorOf("57014", 500) },
];

/** @param {Kind} kind @param {Record<string, string>} [more] */
function request({ method, path, body, key = TOKEN, headers, fault }, more) {
  if (fault) upstreamSays(fault);
  return rawRequest(project.worker.url, path, {
    method,
    chunks: body === undefined ? [] : [body],
    headers: {
      ...(key !== null && { authorization: `Bearer ${key}` }),
      ...(body !== undefined && { "content-type": "application/json" }),
      ...headers,
      ...more,
    },
  });
}

/** @param {{ headers: Record<string, unknown> }} answer @param {string} type */
function assertHardened({ headers }, type) {
  assert.equal(headers["x-content-type-options"], "nosniff");
  assert.equal(headers["cache-control"], "no-store");
  assert.match(String(headers["strict-transport-security"]), /^max-age=\d{8,}$/);
  assert.match(String(headers["x-request-id"]), /^[0-9a-f]{32}$/);
  assert.equal(headers["content-type"] ?? "", type);
  for (const name of ["set-cookie", "server", "x-powered-by", "access-control-allow-credentials", "location"]) {
    assert.equal(headers[name], undefined, name);
  }
}

const corsOf = (/** @type {Record<string, unknown>} */ headers) =>
  Object.keys(headers).filter((name) => name.startsWith("access-control-"));

for (const kind of KINDS) {
  const { status, what, method, type = JSON_TYPE } = kind;
  test(`${status}, ${what}: hardened, and readable from a listed origin only`, async () => {
    const listed = await request(kind, { origin: LISTED });
    assert.equal(listed.status, status);
    assertHardened(listed, type);
    assert.equal(listed.headers["access-control-allow-origin"], LISTED);
    assert.equal(listed.headers["access-control-expose-headers"], "X-Request-Id, Retry-After");
    if (method === "HEAD" || status === 204) assert.equal(listed.text, "");
    else assert.notEqual(listed.text, "");

    for (const origin of ["https://evil.example", undefined]) {
      const other = await request(kind, origin ? { origin } : {});
      assert.equal(other.status, status);
      assertHardened(other, type);
      assert.deepEqual(corsOf(other.headers), []);
      assert.equal(other.headers.vary, "Origin", "for caches");
    }
  });
}

test("500, a deployment without its keys: hardened as well", async () => {
  const headers = { authorization: `Bearer ${TOKEN}`, origin: LISTED };
  const answer = await rawRequest(unset.worker.url, "/api/profile", { headers });
  assert.deepEqual([answer.status, answer.json.code], [500, "INTERNAL_ERROR"]);
  assertHardened(answer, JSON_TYPE);
  assert.equal(answer.headers["access-control-allow-origin"], LISTED);
});

describe("an origin that is not listed is never reflected", () => {
  for (const origin of [
    ...["null", "*", "file://", "https://", "app.example.com", "//app.example.com", "https:app.example.com"],
    ...["http://app.example.com", "https://APP.example.com", "HTTPS://app.example.com", "https://app.example.com/"],
    ...[
      "https://app.example.com:443",
      "https://app.example.com:8443",
      "https://app.example.com.",
      "https://xapp.example.com",
    ],
    ...["https://evil.app.example.com", "https://app.example.com.evil.com", "https://app.example.com@evil.com"],
    ...[
      "https://evil.com#https://app.example.com",
      "https://evil.com?https://app.example.com",
      "https://appxexample.com",
    ],
    ...["https://app.example.co", "https://app.example.com ,https://evil.com", `${LISTED},https://other.example.com`],
    ...[`${LISTED} https://evil.com`, `https://other.example.com, ${LISTED}`, "https://app.example.com%00.evil.com"],
    ...["https://\u00e0pp.example.com", "x".repeat(5000)],
  ]) {
    test(JSON.stringify(origin).slice(0, 60), async () => {
      for (const method of ["GET", "OPTIONS", "POST"]) {
        const preflight = {
          "access-control-request-method": "PATCH",
          "access-control-request-headers": "authorization",
          "access-control-request-private-network": "true",
        };
        const { headers } = await rawRequest(project.worker.url, "/api/profile", {
          method,
          headers: { origin, ...(method === "OPTIONS" && preflight) },
        });
        assert.deepEqual(corsOf(headers), []);
        assert.equal(headers.vary, "Origin");
      }
    });
  }

  test("a deployment that lists none lets none read", async () => {
    const closed = await startProject({ vars: { ALLOWED_ORIGINS: "" } });
    try {
      for (const origin of [LISTED, "null", "*", ""]) {
        for (const method of ["GET", "OPTIONS"]) {
          const { headers } = await rawRequest(closed.worker.url, "/health", { method, headers: { origin } });
          assert.deepEqual(corsOf(headers), []);
        }
      }
    } finally {
      await closed.close();
    }
  });
});
