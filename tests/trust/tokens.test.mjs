// HS256 tokens at the edges of what is allowed, and everything that only looks like one. No refused request asks anybody.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, before, beforeEach, describe, test } from "node:test";
import { apiKey } from "../../scripts/lib/accounts.mjs";
import { encodePart, hs256, SECRET, userClaims } from "../lib/tokens.mjs";
import { ANON_KEY, SERVICE_KEY, startProject, USER } from "./lib/project.mjs";

const NOW = Date.UTC(2026, 5, 1);
const NOW_S = NOW / 1000;
const LEEWAY_S = 30;
const HEADER = '{"alg":"HS256","typ":"JWT"}';

/** @type {Awaited<ReturnType<typeof startProject>>} */
let project;
before(async () => {
  project = await startProject();
  project.publish([]);
});
after(() => project.close());
beforeEach(async () => {
  project.upstream.calls.length = 0;
  await project.window.stopClock(NOW);
});

/** @param {Record<string, unknown>} [changes] undefined leaves a claim out */
const claims = (changes) => userClaims(USER, { iat: NOW_S, exp: NOW_S + 3600, ...changes });
/** @param {Record<string, unknown>} [changes] */
const withClaims = (changes) => hs256(claims(changes));
/** A signed token of raw header and claims bytes. @param {string | Buffer} header @param {string | Buffer} body */
function signed(header, body) {
  const input = [header, body].map((part) => Buffer.from(part).toString("base64url")).join(".");
  return `${input}.${createHmac("sha256", SECRET).update(input).digest("base64url")}`;
}
const BODY = JSON.stringify(claims());

/** @param {string} token @param {string} [code] */
async function assertRefused(token, code = "INVALID_TOKEN") {
  const { status, code: got } = await project.ask(token);
  assert.deepEqual([status, got], [401, code]);
  assert.deepEqual(project.upstream.summary(), []);
}

/** @param {string} token */
async function assertAccepted(token) {
  assert.equal((await project.ask(token)).status, 200);
  assert.equal(project.upstream.calls.at(-1)?.query.get("id"), `eq.${USER}`);
}

describe("time", () => {
  for (const [what, changes] of /** @type {[string, Record<string, unknown>][]} */ ([
    ["expired within the leeway", { exp: NOW_S - LEEWAY_S + 1 }],
    ["beginning at the end of the leeway", { nbf: NOW_S + LEEWAY_S }],
    ["with fractions of seconds", { exp: NOW_S - LEEWAY_S + 0.5, nbf: NOW_S + LEEWAY_S - 0.5 }],
    ["that hardly ever expires", { exp: 1e300 }],
    ["issued in the future, which no rule forbids", { iat: NOW_S + 1e6 }],
  ])) {
    test(`a token ${what} is let in`, () => assertAccepted(withClaims(changes)));
  }

  for (const [what, changes, code] of /** @type {[string, Record<string, unknown>, string?][]} */ ([
    ["expired at the end of the leeway", { exp: NOW_S - LEEWAY_S }, "TOKEN_EXPIRED"],
    ["expired long ago", { exp: 1 }, "TOKEN_EXPIRED"],
    ["expired before 1970", { exp: -1e300 }, "TOKEN_EXPIRED"],
    ["whose exp is a word", { exp: "soon" }],
    ["beginning after the leeway", { nbf: NOW_S + LEEWAY_S + 1 }],
    ["without exp", { exp: undefined }],
    ["whose exp is null", { exp: null }],
    ["whose exp is a text", { exp: String(NOW_S + 3600) }],
    ["whose exp is a list", { exp: [NOW_S + 3600] }],
    ["whose nbf is null", { nbf: null }],
    ["whose nbf is a text", { nbf: "0" }],
  ])) {
    test(`a token ${what} is refused`, () => assertRefused(withClaims(changes), code));
  }

  test("an exp beyond double is no JSON", () =>
    assertRefused(signed(HEADER, BODY.replace(/"exp":\d+/, '"exp":1e400'))));
});

describe("who it is for", () => {
  test("aud may be a list that names users", () => assertAccepted(withClaims({ aud: ["x", "authenticated"] })));
  const audiences = ["", "anon", "Authenticated", "authenticated ", "authenticated,x", [], ["x"], [["authenticated"]]];
  for (const aud of [...audiences, { authenticated: true }, null, 1, true, undefined]) {
    test(`aud ${JSON.stringify(aud)} is refused`, () => assertRefused(withClaims({ aud })));
  }

  const roles = ["", "anon", "service_role", "supabase_admin", "postgres", "Authenticated", "authenticated "];
  for (const role of [...roles, ["authenticated"], null, 1, undefined]) {
    test(`role ${JSON.stringify(role)} is refused`, () => assertRefused(withClaims({ role })));
  }

  const subjects = [
    ...["", "me", USER.replaceAll("-", ""), `{${USER}}`, `urn:uuid:${USER}`, ` ${USER}`, `${USER}\n`, `${USER}0`],
    ...[`${USER},${USER}`, `${USER}&select=*`, `${USER})`, "eq.1", "*", "null", USER.replace("1", "１")],
  ];
  for (const sub of [...subjects, [USER], { id: USER }, null, 1, undefined]) {
    test(`sub ${JSON.stringify(sub)} is refused`, () => assertRefused(withClaims({ sub })));
  }
});

describe("SUPABASE_JWT_ISSUER", () => {
  const issuer = "https://project.example/auth/v1";
  test("lets in its own tokens only", async () => {
    const strict = await startProject({ vars: { SUPABASE_JWT_ISSUER: issuer } });
    try {
      strict.publish([]);
      await strict.window.stopClock(NOW);
      assert.equal((await strict.ask(withClaims({ iss: issuer }))).status, 200);
      const others = [`${issuer}/`, issuer.toUpperCase(), `${issuer} `, "", "https://project.example", [issuer], null];
      for (const iss of [...others, undefined]) {
        assert.equal((await strict.ask(withClaims({ iss }))).code, "INVALID_TOKEN", JSON.stringify(iss));
      }
      assert.deepEqual(strict.upstream.summary(), ["GET users"]);
    } finally {
      await strict.close();
    }
  });
});

describe("a header that asks for something else", () => {
  for (const more of [
    { crit: ["exp"] },
    { crit: [] },
    { crit: null },
    { crit: "exp" },
    { crit: ["b64"], b64: false },
    { crit: ["http://example.com/unknown"], "http://example.com/unknown": true },
  ]) {
    test(`${JSON.stringify(more)} (RFC 7515 section 4.1.11) is refused`, () =>
      assertRefused(hs256(claims(), { header: { alg: "HS256", typ: "JWT", ...more } })));
  }

  test("a nested or an encrypted JWT is refused", async () => {
    const inner = withClaims();
    await assertRefused(signed('{"alg":"HS256","cty":"JWT"}', inner));
    await assertRefused(signed('{"alg":"HS256","cty":"JWT"}', JSON.stringify(inner)));
    const jwe = encodePart({ alg: "dir", enc: "A128CBC-HS256" });
    await assertRefused(
      `${jwe}..AxY8DCtDaGlsbGljb3RoZQ.KDlTtXchhZTGufMYmOYGS4HffxPSUrfmqCHXaI9wOGY.U0m_YmjN04DJvceFICbCVQ`,
    );
  });
});

describe("JSON that two readers could read differently (RFC 8725 section 2.4) is refused", () => {
  const twice = (/** @type {string} */ member) => [`{${member},${BODY.slice(1)}`, `${BODY.slice(0, -1)},${member}}`];
  /** @type {Record<string, string | Buffer>} */
  const bodies = Object.fromEntries([
    ...['"role":"service_role"', '"role":"authenticated"', `"sub":"${USER}"`, '"exp":1', '"aud":"x"'].flatMap(
      (member) => twice(member).map((body, i) => [`${member} ${i ? "last" : "first"}`, body]),
    ),
    ["an escaped key twice", BODY.replace("{", '{"\\u0072ole":"service_role",')],
    ["a key twice, deep inside", BODY.replace("{", '{"app_metadata":{"roles":[{"a":1,"a":2}]},')],
    ["something behind it", `${BODY}{}`],
    ["a NUL behind it", `${BODY}\u0000`],
    ["a byte order mark", `\ufeff${BODY}`],
    ["a comment", BODY.replace("{", "{/**/")],
    ["a trailing comma", BODY.replace("}", ",}")],
    [
      "invalid UTF-8",
      Buffer.concat([Buffer.from(`${BODY.slice(0, -1)},"x":"`), Buffer.from([0xc0, 0xaf]), Buffer.from('"}')]),
    ],
    ["an escaped NUL in sub", BODY.replace(USER, `${USER}\\u0000`)],
    ["a lone surrogate", BODY.replace("{", '{"x":"\\udead",')],
    ["too deep", BODY.replace("{", `{"x":${"[".repeat(40)}${"]".repeat(40)},`)],
    ["a list", `[${BODY}]`],
    ["a text", JSON.stringify(BODY)],
    ["nothing", ""],
  ]);
  for (const [what, body] of Object.entries(bodies)) {
    test(`claims with ${what}`, () => assertRefused(signed(HEADER, body)));
  }
  for (const header of [
    '{"alg":"none","alg":"HS256"}',
    '{"alg":"HS256","alg":"none"}',
    '{"alg":"HS256","\\u0061lg":"none"}',
    '{"alg":"HS256","crit":[],"crit":[]}',
    '{"alg":"HS256"}{}',
    '\ufeff{"alg":"HS256"}',
    '["HS256"]',
    '"HS256"',
    "{}",
    "",
  ]) {
    test(`header ${JSON.stringify(header)}`, () => assertRefused(signed(header, BODY)));
  }
});

describe("base64url (RFC 7515 section 2)", () => {
  test("has no padding, no other alphabet, no blanks and no stray bits", async () => {
    const good = withClaims();
    await assertAccepted(good);
    project.upstream.calls.length = 0;
    const [head = "", body = "", signature = ""] = good.split(".");
    const last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const strayBit = signature.slice(0, -1) + last[last.indexOf(signature.slice(-1)) ^ 1];
    assert.deepEqual(Buffer.from(strayBit, "base64url"), Buffer.from(signature, "base64url"), "the same bytes");
    const standard = Buffer.from(signature, "base64url").toString("base64");
    for (const other of [
      strayBit,
      `${signature}=`,
      standard,
      `${signature}%3D`,
      `${signature}A`,
      signature.slice(0, -1),
    ]) {
      await assertRefused(`${head}.${body}.${other}`);
    }
    for (const other of [
      `${head}=.${body}.${signature}`,
      `${head}.${body}==.${signature}`,
      `.${good}`,
      `${good}.`,
      `${head}..`,
    ]) {
      await assertRefused(other);
    }
    for (const other of [`${good} x`, `${head}. ${body}.${signature}`, `${good}\t${good}`]) {
      await assertRefused(other, "INVALID_AUTH_FORMAT");
    }
  });
});

describe("keys are nobody's session", () => {
  const own = { aud: "authenticated", sub: USER };
  for (const [what, key] of /** @type {[string, string][]} */ ([
    ["the anon key, signed with the project's secret", apiKey(SECRET, "anon")],
    ["the service-role key, signed with the project's secret", apiKey(SECRET, "service_role")],
    ["a service-role token that names a user", hs256({ ...claims(own), role: "service_role" })],
    ["the anon key as it is configured", ANON_KEY],
    ["the service-role key as it is configured", SERVICE_KEY],
    ["a key of the newer kind", "sb_secret_N7UND0UgjKTVK-Uodkm0Hg_xSvEMPvz"],
    ["the secret itself", SECRET],
  ])) {
    test(what, () => assertRefused(key));
  }
});

describe("the admin route", () => {
  const backfill = (/** @type {Record<string, string>} */ headers) =>
    project.worker.fetch("/api/admin/backfill", { method: "POST", headers });
  test("looks like nothing to everybody but the service-role key", async () => {
    const nothing = await (await project.worker.fetch("/api/admin/nothing", { method: "POST" })).json();
    for (const authorization of [
      ...["", "Bearer", "Bearer ", "Bearer x", `Bearer ${ANON_KEY}`, `Basic ${SERVICE_KEY}`, SERVICE_KEY],
      ...[`Bearer ${SERVICE_KEY.slice(0, -1)}`, `Bearer ${SERVICE_KEY}x`, `Bearer ${SERVICE_KEY}${SERVICE_KEY}`],
      ...[`Bearer ${SERVICE_KEY.toUpperCase()}`, `Bearer ${withClaims()}`, `Bearer ${apiKey(SECRET, "service_role")}`],
      `Bearer ${hs256(claims({ role: "service_role" }))}`,
    ]) {
      const response = await backfill({ authorization });
      assert.deepEqual([response.status, await response.json()], [404, nothing], authorization);
      assert.equal(response.headers.get("www-authenticate"), null);
    }
    for (const [name, value] of [
      ["apikey", SERVICE_KEY],
      ["x-api-key", SERVICE_KEY],
      ["cookie", `token=${SERVICE_KEY}`],
    ]) {
      assert.equal((await backfill({ [String(name)]: String(value) })).status, 404);
    }
    assert.deepEqual(project.upstream.summary(), []);
    const opened = await backfill({ authorization: `Bearer ${SERVICE_KEY}` });
    assert.equal(opened.status, 200);
    assert.match(await opened.text(), /"summary"/);
  });
});

test("an unset service-role key opens the admin route to nobody", async () => {
  const without = await startProject({ vars: { SUPABASE_SERVICE_ROLE_KEY: "" } });
  try {
    for (const authorization of ["", "Bearer", "Bearer ", "Bearer undefined", "Bearer null"]) {
      const response = await without.worker.fetch("/api/admin/backfill", {
        method: "POST",
        headers: { authorization },
      });
      assert.equal(response.status, 404);
    }
    assert.deepEqual(without.upstream.summary(), []);
  } finally {
    await without.close();
  }
});
