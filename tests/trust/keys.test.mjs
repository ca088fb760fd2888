// Published signing keys in the real runtime: which tokens the worker lets in, and what it asks for them.
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { startFaultProxy } from "../lib/fault-proxy.mjs";
import { encodePart, hs256, SECRET, signingKey, userClaims } from "../lib/tokens.mjs";
import { ROW, startProject, USER } from "./lib/project.mjs";
import { PUBLISHED, RFC7515_A1, RFC7515_A5 } from "./lib/published-tokens.mjs";

const COOL_DOWN_MS = 30_000;
const LIFETIME_MS = 600_000;

/** @typedef {Awaited<ReturnType<typeof startProject>>} Project */

const [ec, rsa, ed, newer] = await Promise.all([
  signingKey("ES256", "ec"),
  signingKey("RS256", "rsa"),
  signingKey("EdDSA", "ed"),
  signingKey("ES256", "newer"),
]);
const keys = [ec, rsa, ed];
const jwks = keys.map(({ jwk }) => jwk);
// Good for as long as the clock of a test may be ahead.
const claims = (/** @type {Record<string, unknown>} */ changes = {}) =>
  userClaims(USER, { exp: Math.floor(Date.now() / 1000) + 86_400, ...changes });

/** @type {Project} */
let project;
/** @type {Awaited<ReturnType<typeof startFaultProxy>>} */
let attacker;
let clockMs = 0;

before(async () => {
  [project, attacker] = await Promise.all([startProject(), startFaultProxy(null)]);
});
after(() => Promise.all([project.close(), attacker.close()]));
beforeEach(async () => {
  // Whatever the test before has published is out of date.
  await pass(LIFETIME_MS + 1000);
  project.publish(jwks);
  project.upstream.calls.length = 0;
});

/** @param {number} ms */
async function pass(ms) {
  clockMs += ms;
  await project.window.setClockAhead(clockMs);
}

/** @param {string} token @param {string} [code] */
async function assertRefused(token, code = "INVALID_TOKEN") {
  const from = project.upstream.calls.length;
  const { status, code: got, headers } = await project.ask(token);
  assert.deepEqual([status, got], [401, code]);
  assert.equal(headers.get("www-authenticate"), "Bearer");
  assert.ok(!project.upstream.summary(from).some((call) => call.includes("users")), "and no row is asked for");
}

describe("tokens signed with a published key", () => {
  for (const key of keys) {
    test(`${key.jwk.alg} is let in, the key set fetched once and without any key`, async () => {
      for (let i = 0; i < 3; i++) {
        const { status, body } = await project.ask(await key.sign(claims()));
        assert.deepEqual([status, body.profile?.id], [200, ROW]);
      }
      assert.equal(project.keyFetches(), 1);
      const [fetched] = project.upstream.calls;
      assert.deepEqual([fetched?.headers.authorization, fetched?.headers.apikey], [undefined, undefined]);
    });
  }

  test("the shared secret goes on to serve HS256 beside them, without a look at the key set", async () => {
    assert.equal((await project.ask(hs256(claims()))).status, 200);
    assert.equal(project.keyFetches(), 0);
  });

  test("after a rotation the new key is found without a restart, and the old one goes", async () => {
    assert.equal((await project.ask(await ec.sign(claims()))).status, 200);
    project.publish([newer.jwk]);
    await assertRefused(await newer.sign(claims()));
    await pass(COOL_DOWN_MS + 1000);
    assert.equal((await project.ask(await newer.sign(claims()))).status, 200);
    await assertRefused(await ec.sign(claims()));
  });

  test("200 invented kids, one after the other and at once, cause one fetch in a cool-down", async () => {
    assert.equal((await project.ask(await ec.sign(claims()))).status, 200);
    await pass(COOL_DOWN_MS + 1000);
    project.upstream.calls.length = 0;
    const invented = await Promise.all(
      Array.from({ length: 200 }, (_, i) => ec.sign(claims(), { alg: "ES256", kid: `invented-${i}` })),
    );
    for (const token of invented.slice(0, 50)) await assertRefused(token);
    await Promise.all(invented.slice(50).map((token) => assertRefused(token)));
    assert.equal(project.keyFetches(), 1);
  });

  test("an endpoint that goes down leaves the known keys in use, and unknown kids refused", async () => {
    assert.equal((await project.ask(await ec.sign(claims()))).status, 200);
    project.publish({ kind: "refuse" });
    for (let i = 0; i < 3; i++) {
      await pass(LIFETIME_MS + 1000);
      assert.equal((await project.ask(await ec.sign(claims()))).status, 200);
    }
    await assertRefused(await newer.sign(claims()));
  });
});

test("200 tokens at once on a cold isolate cause one fetch, and none of them waits in vain", async () => {
  const cold = await startProject();
  try {
    cold.publish(jwks);
    const tokens = await Promise.all(Array.from({ length: 200 }, (_, i) => keys[i % 3]?.sign(claims())));
    const answers = await Promise.all(tokens.map((token) => cold.ask(String(token))));
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
    assert.equal(cold.keyFetches(), 1);
  } finally {
    await cold.close();
  }
});

test("503 while no key set has ever been read, asked for once in a cool-down, and then it heals", async () => {
  const cold = await startProject();
  try {
    cold.publish({ kind: "status", status: 500 });
    for (let i = 0; i < 5; i++) {
      const { status, code } = await cold.ask(await ec.sign(claims()));
      assert.deepEqual([status, code], [503, "UPSTREAM_ERROR"]);
    }
    assert.equal(cold.keyFetches(), 1);
    assert.equal((await cold.ask(hs256(claims()))).status, 200, "HS256 needs no key set");
    cold.publish(jwks);
    await cold.window.setClockAhead(COOL_DOWN_MS + 1000);
    assert.equal((await cold.ask(await ec.sign(claims()))).status, 200);
  } finally {
    await cold.close();
  }
});

describe("algorithm confusion (RFC 8725 section 3.1)", () => {
  test("HS256 over a public key's bytes, in any form, is refused", async () => {
    for (const { jwk, publicPem } of keys) {
      const { kty, crv, x, y, n, e } = /** @type {any} */ (jwk);
      const secrets = [
        publicPem,
        publicPem.trim(),
        publicPem.replace(/\n/g, "\r\n"),
        Buffer.from(publicPem.replace(/-----.*-----|\s/g, ""), "base64"),
        JSON.stringify(jwk),
        JSON.stringify({ kty, crv, x, y, n, e }),
        ...[x, y, n, jwk.kid].filter(Boolean).flatMap((part) => [part, Buffer.from(part, "base64url")]),
        "",
      ];
      for (const secret of secrets) {
        for (const kid of [jwk.kid, undefined]) {
          await assertRefused(hs256(claims(), { secret, header: { alg: "HS256", typ: "JWT", kid } }));
        }
      }
    }
    assert.equal(project.keyFetches(), 0, "the key set does not even matter");
  });

  test("an oct key in the key set verifies nothing", async () => {
    const k = Buffer.from("a secret that somebody published by mistake");
    project.publish([{ kty: "oct", kid: "oct", alg: "HS256", use: "sig", k: k.toString("base64url") }, ...jwks]);
    for (const alg of ["HS256", "ES256", "RS256"]) {
      await assertRefused(hs256(claims(), { secret: k, header: { alg, kid: "oct" } }));
    }
  });

  test("each key verifies its own algorithm only", async () => {
    for (const signer of keys) {
      const [, body, signature] = (await signer.sign(claims())).split(".");
      for (const { jwk } of keys) {
        if (jwk === signer.jwk) continue;
        for (const header of [
          { alg: jwk.alg, kid: signer.jwk.kid },
          { alg: signer.jwk.alg, kid: jwk.kid },
          { alg: jwk.alg, kid: jwk.kid },
        ]) {
          await assertRefused(`${encodePart(header)}.${body}.${signature}`);
        }
      }
    }
  });

  for (const [what, change] of /** @type {[string, object][]} */ ([
    ["use: enc", { use: "enc" }],
    ["another alg", { alg: "ES384" }],
    ["alg: HS256", { alg: "HS256" }],
  ])) {
    test(`a key with ${what} is not used`, async () => {
      project.publish([{ ...ec.jwk, ...change }]);
      await assertRefused(await ec.sign(claims()));
    });
  }

  for (const alg of [
    ...["none", "None", "NONE", "nOnE", "none ", " none", "", "null"],
    ...["HS384", "HS512", "hs256", "HS256 ", "ES384", "ES512", "es256", "PS256", "RS512", "ES256K", "ecdsa", "A128KW"],
  ]) {
    test(`alg "${alg}" is refused with any signature`, async () => {
      const good = await ec.sign(claims());
      const [, body, signature] = good.split(".");
      for (const kid of ["ec", undefined]) {
        const header = encodePart({ alg, typ: "JWT", kid });
        await assertRefused(`${header}.${body}.`);
        await assertRefused(`${header}.${body}.${signature}`);
        await assertRefused(hs256(claims(), { header: { alg, kid } }));
      }
    });
  }

  test("an alg that is no text is refused", async () => {
    for (const alg of [null, 0, true, ["HS256"], { alg: "HS256" }, undefined]) {
      await assertRefused(hs256(claims(), { header: { alg, typ: "JWT" } }));
    }
  });
});

describe("a token that brings its own key (RFC 8725 section 3.10)", () => {
  test("is refused, and the attacker's server hears nothing", async () => {
    const own = await signingKey("ES256", "ec");
    attacker.faults.add({ kind: "status", status: 200, body: { keys: [own.jwk] } });
    const url = `${attacker.url}/keys.json`;
    const x5c = ["MIIBszCCAVmgAwIBAgIUEXAMPLE="];
    for (const more of [
      { jwk: own.jwk },
      { jku: url },
      { x5u: url },
      { x5c },
      { jku: url, x5u: url, jwk: own.jwk, x5c, "x5t#S256": "x" },
    ]) {
      for (const kid of ["ec", "unknown", url, undefined]) {
        const header = /** @type {any} */ ({ alg: "ES256", typ: "JWT", kid, ...more });
        await assertRefused(await own.sign(claims({ iss: attacker.url }), header));
      }
      assert.equal((await project.ask(await ec.sign(claims(), { alg: "ES256", kid: "ec", ...more }))).status, 200);
    }
    assert.deepEqual(attacker.calls, []);
  });

  test("does not get a path or a query into the key set's URL", async () => {
    for (const kid of [
      "../../secret",
      "ec?x=1",
      "ec#",
      "ec\u0000",
      "EC",
      " ec",
      "ec ",
      "*",
      "ec,rsa",
      `ec" or "1"="1`,
    ]) {
      await assertRefused(await ec.sign(claims(), { alg: "ES256", kid }));
    }
    assert.deepEqual(
      new Set(project.upstream.calls.map(({ path, query }) => `${path}?${query}`)),
      new Set(["/auth/v1/.well-known/jwks.json?"]),
    );
  });
});

describe("the standards' own examples are nobody's session", () => {
  test("although their signatures are good", async () => {
    project.publish(PUBLISHED.map(({ jwk }) => jwk));
    for (const { name, token } of PUBLISHED) {
      const { status, code } = await project.ask(token);
      assert.deepEqual([status, code], [401, name.includes("8037") ? "INVALID_TOKEN" : "TOKEN_EXPIRED"], name);
    }
    await assertRefused(RFC7515_A1, "TOKEN_EXPIRED");
    await assertRefused(RFC7515_A5, "TOKEN_EXPIRED");
  });

  test("RFC 7515 A.6 and A.7 (JSON serializations) are no bearer tokens", async () => {
    const [protectedHeader, payload, signature] = (await ec.sign(claims())).split(".");
    const general = { payload, signatures: [{ protected: protectedHeader, header: { kid: "ec" }, signature }] };
    for (const json of [general, { payload, protected: protectedHeader, signature }]) {
      await assertRefused(JSON.stringify(json));
      await assertRefused(encodePart(json));
    }
  });
});

test("without a shared secret, published keys verify and HS256 is asked about", async () => {
  const asked = await startProject({ vars: { SUPABASE_JWT_SECRET: "" } });
  try {
    asked.publish(jwks);
    assert.equal((await asked.ask(await rsa.sign(claims()))).status, 200);
    assert.deepEqual(asked.upstream.summary(), ["GET /auth/v1/.well-known/jwks.json", "GET users"]);
    asked.upstream.calls.length = 0;
    for (const secret of [SECRET, ec.publicPem, ""]) {
      const token = hs256(claims(), { secret, header: { alg: "HS256", kid: "ec" } });
      // The double of the auth server knows no user.
      assert.equal((await asked.ask(token)).code, "INVALID_TOKEN");
      assert.equal(asked.upstream.calls.at(-1)?.headers.authorization, `Bearer ${token}`);
    }
    assert.deepEqual(asked.upstream.summary(), Array(3).fill("GET /auth/v1/user"));
  } finally {
    await asked.close();
  }
});

test("no token or part of one, no key and no kid is logged", () => {
  const lines = project.worker.log.texts();
  assert.ok(lines.length > 100);
  for (const line of lines) assert.match(line, /^\[Auth\] [A-Za-z':, -]+( \(request [0-9a-f]{32}\))?$/);
});
