// js-shim/keyring.mjs by itself, with a clock and an endpoint of the test: what is fetched when, and which key is used.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { scheduler as nodeScheduler } from "node:timers/promises";
import { signingKey, userClaims } from "../lib/tokens.mjs";
import { PUBLISHED } from "./lib/published-tokens.mjs";
import { USER } from "./lib/project.mjs";

const VALID = 0;
const INVALID = 1;
const NO_KEY = 2;
const UNAVAILABLE = 3;
const SECOND = 1000;
const COOL_DOWN = 30 * SECOND;
const LIFETIME = 600 * SECOND;
const URL_OF_KEYS = "https://project.example/auth/v1/.well-known/jwks.json";
/** @type {Record<string, { kty: string, crv: string }>} */
const KEY_TYPES = {
  ES256: { kty: "EC", crv: "P-256" },
  RS256: { kty: "RSA", crv: "" },
  EdDSA: { kty: "OKP", crv: "Ed25519" },
};

const [first, second, rsa, ed] = await Promise.all([
  signingKey("ES256", "first"),
  signingKey("ES256", "second"),
  signingKey("RS256", "rsa"),
  signingKey("EdDSA", "ed"),
]);
const token = await first.sign(userClaims(USER));
const newerToken = await second.sign(userClaims(USER));

/** What the endpoint answers. @type {() => Promise<Response>} */
let endpoint;
/** @type {{ verifySignature: (proof: object) => Promise<number> }} */
let keyring;
let loads = 0;

/** @param {unknown[]} keys */
const publish = (...keys) => {
  endpoint = async () => Response.json({ keys });
};
const fail = () => {
  endpoint = async () => {
    throw new TypeError("fetch failed");
  };
};
const fetches = () => /** @type {any} */ (globalThis.fetch).mock.callCount();
const wait = (/** @type {number} */ ms) => mock.timers.tick(ms);

/** The verdict about a token, as the core asks for it. @param {string} jwt @param {{ kid?: string, alg?: string }} [as] */
function verify(jwt, as = {}) {
  const [head = "", body, signature = ""] = jwt.split(".");
  const { alg, kid = "" } = { ...JSON.parse(Buffer.from(head, "base64url").toString()), ...as };
  return keyring.verifySignature({
    alg,
    kid,
    ...KEY_TYPES[alg],
    jwksUrl: URL_OF_KEYS,
    secret: "",
    lifetime: LIFETIME,
    coolDown: COOL_DOWN,
    timeout: 5 * SECOND,
    limit: 64 * 1024,
    input: Buffer.from(`${head}.${body}`),
    signature: Buffer.from(signature, "base64url"),
  });
}

beforeEach(async () => {
  mock.timers.enable({ apis: ["Date"], now: Date.now() });
  mock.method(globalThis, "fetch", () => endpoint());
  mock.method(console, "warn", () => {});
  // Workers has it as a global. A wait takes its time on the clock of the test.
  Reflect.set(globalThis, "scheduler", {
    wait: async (/** @type {number} */ ms) => {
      await nodeScheduler.yield();
      wait(ms);
    },
  });
  // A module of its own for each test, as for each isolate.
  keyring = await import(new URL(`../../js-shim/keyring.mjs?${++loads}`, import.meta.url).href);
  publish(first.jwk);
});
afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
  Reflect.deleteProperty(globalThis, "scheduler");
});

describe("published examples", () => {
  for (const { name, alg, token: example, jwk } of PUBLISHED) {
    test(`${name} (${alg}) is verified, and not with a bit changed anywhere`, async () => {
      publish(jwk);
      assert.equal(await verify(example), VALID);
      const [head = "", body = "", signature = ""] = example.split(".");
      for (const bit of [0, 7, 100, 500]) {
        const bytes = Buffer.from(signature, "base64url");
        bytes[bit >> 3] = Number(bytes[bit >> 3]) ^ (1 << (bit & 7));
        assert.equal(await verify(`${head}.${body}.${bytes.toString("base64url")}`), INVALID);
      }
      assert.equal(await verify(`${head}.${body.replace(/^./, "f")}.${signature}`), INVALID);
      assert.equal(await verify(`${head}.${body}.`), INVALID);
    });
  }

  test("an ECDSA signature in DER (RFC 7518 section 3.4 wants R || S) or of zeros is none", async () => {
    const [head, body, signature = ""] = token.split(".");
    const [r, s] = [0, 32].map((at) => Buffer.from(signature, "base64url").subarray(at, at + 32));
    const integer = (/** @type {any} */ bytes) => Buffer.from([2, bytes.length + 1, 0, ...bytes]);
    const content = Buffer.concat([integer(r), integer(s)]);
    const der = Buffer.from([0x30, content.length, ...content]).toString("base64url");
    const zeros = Buffer.alloc(64).toString("base64url");
    for (const other of [der, zeros]) assert.equal(await verify(`${head}.${body}.${other}`), INVALID);
  });
});

describe("rotation", () => {
  test("a new kid is fetched once the cool-down is over, and then at once", async () => {
    assert.equal(await verify(token), VALID);
    publish(first.jwk, second.jwk);
    wait(COOL_DOWN);
    assert.equal(await verify(newerToken), NO_KEY, "still cooling down");
    assert.equal(fetches(), 1);
    wait(1);
    assert.equal(await verify(newerToken), VALID);
    assert.equal(await verify(token), VALID);
    assert.equal(fetches(), 2);
  });

  test("tokens of the new key that come together wait for its one fetch, those of a known key for nothing", async () => {
    assert.equal(await verify(token), VALID);
    let answer = () => {};
    const asked = new Promise((resolve) => (answer = () => resolve(undefined)));
    endpoint = () => asked.then(() => Response.json({ keys: [first.jwk, second.jwk] }));
    wait(COOL_DOWN + 1);
    const newer = Array.from({ length: 20 }, () => verify(newerToken));
    assert.equal(await verify(token), VALID);
    answer();
    assert.deepEqual(new Set(await Promise.all(newer)), new Set([VALID]));
    assert.equal(fetches(), 2);
  });

  test("while the new keys are fetched, requests with a known kid go on, and those with a new one wait", async () => {
    assert.equal(await verify(token), VALID);
    wait(COOL_DOWN + 1);
    // The clock stands still, so that a wait ends by the keys only.
    Reflect.set(globalThis, "scheduler", { wait: () => nodeScheduler.yield() });
    let release = (/** @type {Response} */ _) => {};
    endpoint = () => new Promise((resolve) => (release = resolve));
    /** @type {number[]} */
    const settled = [];
    const newer = [verify(newerToken), verify(newerToken)];
    for (const verdict of newer) void verdict.then((value) => settled.push(value));
    assert.equal(await verify(token), VALID);
    assert.deepEqual([fetches(), settled], [2, []]);
    release(Response.json({ keys: [first.jwk, second.jwk] }));
    assert.deepEqual(await Promise.all(newer), [VALID, VALID]);
    assert.equal(fetches(), 2);
  });

  test("a withdrawn key ends with the lifetime of the key set", async () => {
    assert.equal(await verify(token), VALID);
    publish(second.jwk);
    wait(LIFETIME);
    assert.equal(await verify(token), VALID);
    wait(1);
    assert.equal(await verify(token), NO_KEY);
    assert.equal(await verify(newerToken), VALID);
    assert.equal(fetches(), 2);
  });

  test("a key that comes back under the same kid is a new key", async () => {
    assert.equal(await verify(token), VALID);
    publish({ ...second.jwk, kid: "first" });
    wait(LIFETIME + 1);
    assert.equal(await verify(token), INVALID);
    assert.equal(await verify(newerToken, { kid: "first" }), VALID);
  });
});

describe("invented kids", () => {
  test("cause one fetch for each cool-down", async () => {
    assert.equal(await verify(token), VALID);
    for (let i = 0; i < 200; i++) {
      wait(SECOND);
      assert.equal(await verify(token, { kid: `invented-${i}` }), NO_KEY);
    }
    assert.ok(fetches() <= 1 + 200 / 30, `${fetches()} fetches in 200 s`);
  });

  for (const known of [true, false]) {
    test(`200 at once cause one fetch where ${known ? "keys are known" : "nothing is known yet"}`, async () => {
      if (known) await verify(token);
      wait(COOL_DOWN + 1);
      const before = fetches();
      const flood = Array.from({ length: 200 }, (_, i) => verify(token, { kid: `invented-${i}` }));
      const good = verify(token);
      assert.deepEqual(new Set(await Promise.all(flood)), new Set([NO_KEY]));
      assert.equal(await good, VALID, "the others are not held up");
      assert.equal(fetches() - before, 1);
    });
  }
});

describe("an endpoint that fails", () => {
  test("leaves the last good keys in use", async () => {
    assert.equal(await verify(token), VALID);
    fail();
    for (let hours = 0; hours < 24; hours++) {
      wait(3600 * SECOND);
      assert.equal(await verify(token), VALID);
    }
    assert.equal(await verify(newerToken), NO_KEY);
    publish(first.jwk, second.jwk);
    wait(COOL_DOWN + 1);
    assert.equal(await verify(newerToken), VALID);
  });

  test("from the start makes tokens unverifiable, is left alone meanwhile, and heals", async () => {
    fail();
    for (let i = 0; i < 29; i++) {
      assert.equal(await verify(token), UNAVAILABLE);
      wait(SECOND);
    }
    assert.equal(fetches(), 1);
    publish(first.jwk);
    wait(2 * SECOND);
    assert.equal(await verify(token), VALID);
  });

  const big = { keys: [first.jwk], filler: "x".repeat(64 * 1024) };
  for (const [what, answer] of /** @type {[string, () => Response][]} */ ([
    ["500 with the keys", () => Response.json({ keys: [first.jwk] }, { status: 500 })],
    ["a redirect", () => new Response(null, { status: 302, headers: { location: "https://evil.example/" } })],
    ["no JSON", () => new Response("<html>")],
    ["JSON without keys", () => Response.json({ jwks: [first.jwk] })],
    ["keys that are no list", () => Response.json({ keys: { first: first.jwk } })],
    ["null", () => Response.json(null)],
    ["more than 64 KiB", () => Response.json(big)],
    ["an empty body", () => new Response("")],
  ])) {
    test(`such as by ${what}, gives no keys and takes none away`, async () => {
      endpoint = async () => answer();
      assert.equal(await verify(token), UNAVAILABLE);
      publish(first.jwk);
      wait(COOL_DOWN + 1);
      assert.equal(await verify(token), VALID);
      endpoint = async () => answer();
      wait(LIFETIME + 1);
      assert.equal(await verify(token), VALID);
    });
  }

  test("to end at all holds nobody up for longer than its timeout", async () => {
    endpoint = () => new Promise(() => {});
    void verify(token);
    publish(first.jwk);
    const start = Date.now();
    assert.equal(await verify(token), VALID);
    assert.ok(Date.now() - start <= 6 * SECOND);
    assert.equal(fetches(), 2);
  });
});

describe("the key that fits", () => {
  test("without a kid is the only one of its type", async () => {
    publish(first.jwk, rsa.jwk, ed.jwk);
    for (const key of [first, rsa, ed]) {
      const { alg } = key.jwk;
      const withoutKid = await key.sign(userClaims(USER), { alg: /** @type {any} */ (alg) });
      assert.equal(await verify(withoutKid), VALID, alg);
    }
  });

  test("without a kid is none among several", async () => {
    publish(first.jwk, second.jwk);
    assert.equal(await verify(token, { kid: "" }), NO_KEY);
  });

  test("is none when two have its kid", async () => {
    publish(first.jwk, { ...second.jwk, kid: "first" });
    assert.equal(await verify(token), NO_KEY);
  });

  for (const [what, change] of /** @type {[string, object][]} */ ([
    ["for encryption", { use: "enc" }],
    ["for another algorithm", { alg: "ES384" }],
    ["for key agreement", { alg: "ECDH-ES" }],
    ["for HS256", { alg: "HS256" }],
    ["of another type", { kty: "oct", k: "c2VjcmV0" }],
    ["on another curve", { crv: "P-384" }],
  ])) {
    test(`is never one ${what}`, async () => {
      publish({ ...first.jwk, ...change });
      assert.equal(await verify(token), NO_KEY);
    });
  }

  test("may say nothing about its use and algorithm", async () => {
    const { kty, crv, x, y } = first.jwk;
    publish({ kty, crv, x, y });
    assert.equal(await verify(token, { kid: "" }), VALID);
    assert.equal(await verify(token), NO_KEY, "but a kid that is asked for must be there");
  });

  test("is found among entries that are no keys (RFC 7517 section 5: ignored)", async () => {
    const odd = [null, 5, "EC", [], {}, { kty: "EC" }, { kty: "PQ", kid: "first" }, { ...first.jwk, kid: "x", x: "?" }];
    publish(...odd, first.jwk);
    assert.equal(await verify(token), VALID);
    assert.equal(await verify(token, { kid: "x" }), INVALID);
  });

  test("is not one whose point is not on the curve", async () => {
    publish({ ...first.jwk, y: first.jwk.x });
    assert.equal(await verify(token), INVALID);
  });
});

test("the key set is asked for without keys or cookies, following no redirect", async () => {
  await verify(token);
  const [url, init] = /** @type {any} */ (globalThis.fetch).mock.calls[0].arguments;
  assert.equal(url, URL_OF_KEYS);
  assert.deepEqual(Object.keys(init).sort(), ["redirect", "signal"]);
  assert.equal(init.redirect, "manual");
});
