// Who is let in: shared-secret tokens, published keys, and the question to the auth server.
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { client, startStack } from "../lib/stack.mjs";
import { hostileTokens, hs256, signingKey, userClaims } from "../lib/tokens.mjs";

const now = () => Math.floor(Date.now() / 1000);
const ANOTHER = "99999999-9999-4999-8999-999999999999";

/** @type {import("../lib/stack.mjs").Stack} */
let stack;
/** @type {import("../lib/stack.mjs").User} */
let user;

before(async () => {
  stack = await startStack({ vars: { EMBEDDING_PROVIDER: "mock" } });
  user = await stack.user();
});
after(() => stack.close());
beforeEach(() => {
  stack.proxy.faults.clear();
  stack.proxy.calls.length = 0;
});

/** @param {string} authorization @param {import("../lib/worker.mjs").Worker} [worker] */
async function refusal(authorization, worker = stack.worker) {
  const response = await worker.fetch("/api/profile", { headers: { authorization } });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

/** @param {Record<string, unknown>} [changes] */
const token = (changes) => hs256(userClaims(user.id, changes), { secret: stack.supabase.jwtSecret });

describe("a token signed with the shared secret", () => {
  test("is let in, and goes on to the database as it came", async () => {
    const answer = await client(stack.worker, user.token).get("/api/profile");
    assert.equal(answer.status, 200);
    assert.equal(answer.body.profile.id, user.id);
    const [call] = stack.proxy.calls;
    assert.equal(call?.headers.authorization, `Bearer ${user.token}`);
    assert.equal(call?.headers.apikey, stack.supabase.anonKey);
  });

  for (const [scheme, name] of [
    ["bearer", "lower case"],
    ["BEARER", "upper case"],
    ["Bearer  ", "more blanks"],
  ]) {
    test(`may have its scheme in ${name}`, async () => {
      const response = await stack.worker.fetch("/api/profile", {
        headers: { authorization: `${scheme} ${user.token}` },
      });
      assert.equal(response.status, 200);
    });
  }

  test("may have expired, or begin, within the leeway of 30 s", async () => {
    const good = [token({ exp: now() - 15 }), token({ nbf: now() + 15 }), token({ aud: ["x", "authenticated"] })];
    for (const one of good) {
      // The embedded PostgREST allows no leeway of its own.
      stack.proxy.faults.add({ kind: "status", status: 200, body: [{ id: user.id }] }, { times: 1 });
      assert.equal((await client(stack.worker, one).get("/api/profile")).status, 200);
    }
  });

  test("is TOKEN_EXPIRED after that", async () => {
    const { status, body, headers } = await refusal(`Bearer ${token({ exp: now() - 60 })}`);
    assert.deepEqual([status, body.code, body.statusCode], [401, "TOKEN_EXPIRED", 401]);
    assert.match(String(headers.get("www-authenticate")), /^Bearer/);
    assert.deepEqual(stack.proxy.summary(), []);
  });

  test("may write its sub in capitals, and still means the same user", async () => {
    stack.proxy.faults.add({ kind: "status", status: 200, body: [{ id: user.id }] }, { times: 1 });
    await client(stack.worker, token({ sub: user.id.toUpperCase() })).get("/api/profile");
    assert.equal(stack.proxy.calls[0]?.query.get("id"), `eq.${user.id}`);
  });
});

describe("a missing or odd Authorization header", () => {
  test("is MISSING_AUTH_HEADER without one", async () => {
    const response = await stack.worker.fetch("/api/profile");
    const body = await response.json();
    assert.deepEqual([response.status, body.code, body.statusCode], [401, "MISSING_AUTH_HEADER", 401]);
  });

  for (const header of ["Basic dXNlcjpwYXNz", "Bearer", "Bearer ", "token", "Bearer a b", "Bearer,abc"]) {
    test(`is INVALID_AUTH_FORMAT for "${header}"`, async () => {
      const { status, body } = await refusal(header);
      assert.deepEqual([status, body.code], [401, "INVALID_AUTH_FORMAT"]);
      assert.deepEqual(stack.proxy.summary(), []);
    });
  }
});

describe("a hostile token is INVALID_TOKEN and asks nobody", () => {
  const id = "11111111-1111-4111-8111-111111111111";
  for (const name of Object.keys(hostileTokens(id))) {
    test(name, async () => {
      const hostile = String(hostileTokens(user.id, stack.supabase.jwtSecret)[name]);
      const mark = stack.worker.log.lines.length;
      const { status, body, headers } = await refusal(`Bearer ${hostile}`);
      assert.deepEqual([status, body.code, body.statusCode], [401, "INVALID_TOKEN", 401]);
      assert.match(String(headers.get("www-authenticate")), /^Bearer/);
      assert.deepEqual(stack.proxy.summary(), []);
      await stack.worker.log.waitFor(/^\[Auth\] Refused/, { from: mark });
      const secretPart = hostile.split(".")[1] ?? hostile;
      assert.ok(!stack.worker.log.texts(mark).some((line) => secretPart.length > 3 && line.includes(secretPart)));
    });
  }

  test("the service-role key is nobody's session", async () => {
    const { status, body } = await refusal(`Bearer ${stack.supabase.serviceRoleKey}`);
    assert.deepEqual([status, body.code], [401, "INVALID_TOKEN"]);
    assert.deepEqual(stack.proxy.summary(), []);
  });
});

test("SUPABASE_JWT_ISSUER is held to", async () => {
  const issuer = "https://project.supabase.co/auth/v1";
  const worker = await stack.addWorker({ vars: { SUPABASE_JWT_ISSUER: issuer } });
  for (const iss of [undefined, "https://evil.example", `${issuer}/`]) {
    assert.equal((await refusal(`Bearer ${token({ iss })}`, worker)).body.code, "INVALID_TOKEN");
  }
  assert.deepEqual(stack.proxy.summary(), []);
  assert.equal((await client(worker, token({ iss: issuer })).get("/api/profile")).status, 200);
});

describe("without a shared secret", () => {
  /** @type {import("../lib/worker.mjs").Worker} */
  let worker;
  before(async () => {
    worker = await stack.addWorker({ vars: { SUPABASE_JWT_SECRET: "" } });
  });

  test("the auth server is asked", async () => {
    stack.proxy.faults.add(
      { kind: "status", status: 200, body: { id: user.id.toUpperCase() } },
      { times: 1, match: ({ path }) => path === "/auth/v1/user" },
    );
    assert.equal((await client(worker, user.token).get("/api/profile")).status, 200);
    assert.deepEqual(stack.proxy.summary(), ["GET /auth/v1/user", "GET users"]);
    assert.equal(stack.proxy.calls[0]?.headers.authorization, `Bearer ${user.token}`);
  });

  test("the real one refuses a token that it did not sign", async () => {
    const forged = hs256(userClaims(user.id), { secret: "some-other-secret-with-enough-characters" });
    assert.equal((await refusal(`Bearer ${forged}`, worker)).body.code, "INVALID_TOKEN");
    assert.deepEqual(stack.proxy.summary(), ["GET /auth/v1/user"]);
  });

  const answers = /** @type {const} */ ([
    ["names another user", { kind: "status", status: 200, body: { id: ANOTHER } }, 401],
    ["says 403", { kind: "status", status: 403 }, 401],
    ["says 500", { kind: "status", status: 500 }, 503],
    ["says 429", { kind: "status", status: 429 }, 503],
    ["talks nonsense", { kind: "garbage" }, 401],
    ["hangs up", { kind: "refuse" }, 503],
  ]);
  for (const [what, fault, status] of answers) {
    test(`${status} when it ${what}`, async () => {
      stack.proxy.faults.add(fault);
      assert.equal((await refusal(`Bearer ${user.token}`, worker)).status, status);
      assert.deepEqual(stack.proxy.summary(), ["GET /auth/v1/user"]);
    });
  }

  test("a token that claims too little is refused all the same", async () => {
    stack.proxy.faults.add({ kind: "status", status: 200, body: { id: user.id } });
    for (const changes of [{ role: "anon" }, { aud: "x" }, { exp: now() - 60 }, { sub: "me" }]) {
      assert.equal((await refusal(`Bearer ${token(changes)}`, worker)).status, 401);
    }
    assert.ok(!stack.proxy.summary().some((call) => call.includes("users")));
  });
});

describe("published signing keys", () => {
  const JWKS = "/auth/v1/.well-known/jwks.json";
  /** @type {Awaited<ReturnType<typeof signingKey>>[]} */
  let keys;
  before(async () => {
    keys = await Promise.all([signingKey("ES256", "ec"), signingKey("RS256", "rsa"), signingKey("EdDSA", "ed")]);
  });
  /** @param {object[]} shown */
  const publish = (shown) => {
    stack.proxy.faults.add(
      { kind: "status", status: 200, body: { keys: shown } },
      { match: ({ path }) => path === JWKS },
    );
    // The embedded PostgREST knows the shared secret only.
    stack.proxy.faults.add(
      { kind: "status", status: 200, body: [{ id: user.id }] },
      { match: ({ path }) => path === "/rest/v1/users" },
    );
  };
  const fetches = () => stack.proxy.calls.filter(({ path }) => path === JWKS).length;

  test("ES256, RS256 and EdDSA are verified, and the key set is fetched once", async () => {
    const worker = await stack.addWorker();
    publish(keys.map(({ jwk }) => jwk));
    for (const key of keys) {
      for (let i = 0; i < 3; i++) {
        const signed = await key.sign(userClaims(user.id));
        const answer = await client(worker, signed).get("/api/profile");
        assert.equal(answer.status, 200, String(key.jwk.alg));
      }
    }
    assert.equal(fetches(), 1);
    const forged = await (await signingKey("ES256", "ec")).sign(userClaims(user.id));
    assert.equal((await refusal(`Bearer ${forged}`, worker)).body.code, "INVALID_TOKEN");
  });

  test("a flood of invented kids is no flood of fetches", async () => {
    const worker = await stack.addWorker();
    publish(keys.map(({ jwk }) => jwk));
    const [ec] = keys;
    for (let i = 0; i < 20; i++) {
      const kid = `invented-${i}`;
      const signed = await ec?.sign(userClaims(user.id), { alg: "ES256", kid });
      assert.equal((await refusal(`Bearer ${signed}`, worker)).body.code, "INVALID_TOKEN");
    }
    assert.ok(fetches() <= 2, `${fetches()} fetches`);
  });

  test("a public key is no shared secret, and a token's own key is not looked at", async () => {
    const worker = await stack.addWorker();
    publish(keys.map(({ jwk }) => jwk));
    const stranger = await signingKey("ES256", "ec");
    const [ec, rsa] = keys;
    const attempts = [
      ...keys.map(({ publicPem, jwk }) =>
        hs256(userClaims(user.id), { secret: publicPem, header: { alg: "HS256", kid: jwk.kid } }),
      ),
      await stranger.sign(userClaims(user.id), { alg: "ES256", kid: "ec", jwk: stranger.jwk }),
      await stranger.sign(userClaims(user.id), { alg: "ES256", kid: "ec", jku: "http://127.0.0.1/keys" }),
      await ec?.sign(userClaims(user.id), { alg: "ES256", kid: "rsa" }),
      await rsa?.sign(userClaims(user.id), { alg: "RS256", kid: "ec" }),
      await rsa?.sign(userClaims(user.id, { role: "service_role" })),
    ];
    for (const attempt of attempts) {
      assert.equal((await refusal(`Bearer ${attempt}`, worker)).body.code, "INVALID_TOKEN");
    }
    assert.ok(!stack.proxy.summary().includes("GET users"));
  });

  for (const [what, fault] of /** @type {const} */ ([
    ["answers 500", { kind: "status", status: 500 }],
    ["hangs up", { kind: "refuse" }],
    ["talks nonsense", { kind: "garbage" }],
  ])) {
    test(`503 while the key set ${what} and no key is known`, async () => {
      const worker = await stack.addWorker();
      stack.proxy.faults.add(fault);
      const signed = await keys[0]?.sign(userClaims(user.id));
      const { status, body } = await refusal(`Bearer ${signed}`, worker);
      assert.deepEqual([status, body.code], [503, "UPSTREAM_ERROR"]);
    });
  }
});

test("a deployment without SUPABASE_URL says that it is not configured", async () => {
  const worker = await stack.addWorker({ vars: { SUPABASE_URL: "" } });
  const { status, body } = await refusal(`Bearer ${user.token}`, worker);
  assert.deepEqual([status, body.code], [500, "INTERNAL_ERROR"]);
  await worker.log.waitFor(/^\[Config\] SUPABASE_URL/);
  assert.equal((await worker.fetch("/health")).status, 200);
});
