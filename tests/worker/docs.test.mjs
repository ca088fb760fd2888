// /api and the OpenAPI document, checked by a validator that is not ours, and against what is really served.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import { startFaultProxy } from "../lib/fault-proxy.mjs";
import { client } from "../lib/stack.mjs";
import { hs256, SECRET, userClaims } from "../lib/tokens.mjs";
import { startWorker } from "../lib/worker.mjs";

const USER = "11111111-1111-4111-8111-111111111111";
const METHODS = ["get", "put", "post", "patch", "delete"];

/** @type {Awaited<ReturnType<typeof startFaultProxy>>} */
let upstream;
/** @type {import("../lib/worker.mjs").Worker} */
let worker;
/** @type {any} */
let document;

before(async () => {
  upstream = await startFaultProxy(null);
  worker = await startWorker({
    vars: {
      SUPABASE_URL: upstream.url,
      SUPABASE_ANON_KEY: "anon",
      SUPABASE_SERVICE_ROLE_KEY: "service",
      SUPABASE_JWT_SECRET: SECRET,
      EMBEDDING_PROVIDER: "mock",
    },
  });
  document = await (await worker.fetch("/api/openapi.json")).json();
});
after(async () => {
  await worker.dispose();
  await upstream.close();
});

/** What a caller of this path sends: the service key for the administrator's, a user's token elsewhere. */
const tokenFor = (/** @type {string} */ path) => (path.includes("/admin/") ? "service" : hs256(userClaims(USER)));

test("the document is valid OpenAPI 3.1", async () => {
  const validator = new Validator();
  const { valid, errors } = await validator.validate(structuredClone(document));
  assert.ok(valid, JSON.stringify(errors));
  assert.equal(validator.version, "3.1");
});

test("every documented operation is served, and nothing else on those paths", async () => {
  let operations = 0;
  for (const [template, item] of Object.entries(document.paths)) {
    const path = template.replace(/\{[^}]+\}/g, USER);
    for (const method of METHODS) {
      const response = await worker.fetch(path, {
        method: method.toUpperCase(),
        headers: { authorization: `Bearer ${tokenFor(path)}` },
      });
      await response.body?.cancel();
      if (method in item) {
        assert.notEqual(response.status, 405, `${method} ${path}`);
        operations++;
      } else {
        assert.equal(response.status, path.includes("/admin/") ? 404 : 405, `${method} ${path}`);
      }
    }
  }
  assert.ok(operations >= 20, `${operations} operations`);
});

test("every operation says what it answers, and who may ask", () => {
  for (const [path, item] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(/** @type {Record<string, any>} */ (item))) {
      if (!METHODS.includes(method)) continue;
      const where = `${method} ${path}`;
      assert.ok(operation.summary, where);
      assert.ok(
        Object.keys(operation.responses).some((status) => status.startsWith("2")),
        where,
      );
      assert.equal(path.startsWith("/api/profile"), Boolean(operation.security?.[0]?.user), where);
      if (["put", "post", "patch"].includes(method) && path.startsWith("/api/profile")) {
        assert.ok(operation.requestBody?.content["application/json"], where);
      }
    }
  }
});

test("/api lists the same endpoints", async () => {
  const { endpoints } = await (await worker.fetch("/api")).json();
  const listed = endpoints.flatMap((/** @type {any} */ { methods, path }) =>
    methods
      .toLowerCase()
      .split(", ")
      .filter((/** @type {string} */ method) => METHODS.includes(method))
      .map((/** @type {string} */ method) => `${method} ${path.replace(/:(\w+)/g, "{$1}")}`),
  );
  const documented = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.keys(/** @type {object} */ (item))
      .filter((method) => METHODS.includes(method))
      .map((method) => `${method} ${path}`),
  );
  assert.deepEqual([...new Set(listed)].sort(), documented.sort());
  for (const endpoint of endpoints) assert.ok(endpoint.summary, endpoint.path);
});

test("the limits in the document are those that are checked", async () => {
  /** @type {any[]} */
  const checked = [];
  for (const [path, method] of /** @type {const} */ ([
    ["/api/profile", "patch"],
    ["/api/profile/work-experience", "post"],
    ["/api/profile/skills", "post"],
  ])) {
    const { $ref } = document.paths[path][method].requestBody.content["application/json"].schema;
    const { properties } = document.components.schemas[$ref.split("/").pop()];
    for (const [name, schema] of Object.entries(/** @type {Record<string, any>} */ (properties))) {
      if (!schema.maxLength) continue;
      const { body } = await client(worker, hs256(userClaims(USER)))[method](path, {
        [name]: "x".repeat(schema.maxLength + 1),
      });
      const detail = body.details.find((/** @type {any} */ one) => one.path[0] === name);
      assert.equal(detail.maximum, schema.maxLength, `${path} ${name}`);
      checked.push(name);
    }
  }
  assert.ok(checked.length >= 11, checked.join());
});
