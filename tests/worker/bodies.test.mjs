// Request bodies: sizes, types, JSON, and the check of every field.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startFaultProxy } from "../lib/fault-proxy.mjs";
import { rawRequest } from "../lib/raw-http.mjs";
import { client } from "../lib/stack.mjs";
import { hs256, SECRET, userClaims } from "../lib/tokens.mjs";
import { startWorker } from "../lib/worker.mjs";

const USER = "11111111-1111-4111-8111-111111111111";
const ROW = "22222222-2222-4222-8222-222222222222";
const TOKEN = hs256(userClaims(USER));
const LIMIT = 64 * 1024;
const PROFILE = "/api/profile";
const WORK = "/api/profile/work-experience";
const SKILLS = "/api/profile/skills";

/** @type {Awaited<ReturnType<typeof startFaultProxy>>} */
let upstream;
/** @type {import("../lib/worker.mjs").Worker} */
let worker;

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
});
after(async () => {
  await worker.dispose();
  await upstream.close();
});

/** @param {(string | Buffer)[]} chunks @param {Record<string, string>} [headers] @param {string} [path] */
const send = (chunks, headers = {}, path = SKILLS) =>
  rawRequest(worker.url, path, {
    method: "POST",
    chunks,
    headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json", ...headers },
  });

/** A JSON object of exactly so many bytes. @param {number} size */
const objectOf = (size) => `{"name":"${"x".repeat(size - 11)}"}`;

describe("413", () => {
  const big = objectOf(LIMIT + 1);
  for (const [what, chunks, headers] of /** @type {[string, string[], Record<string, string>][]} */ ([
    ["with its length", [big], { "content-length": String(big.length) }],
    ["in chunks, without a length", [big.slice(0, 40_000), big.slice(40_000)], {}],
    ["ten times the limit, in chunks", Array(10).fill("x".repeat(LIMIT)), {}],
    ["with a length, of another type", [big], { "content-length": String(big.length), "content-type": "text/plain" }],
  ])) {
    test(`for a body over 64 KiB ${what}`, async () => {
      const answer = await send(chunks, headers);
      assert.deepEqual([answer.status, answer.json.code], [413, "PAYLOAD_TOO_LARGE"]);
    });
  }

  for (const chunked of [true, false]) {
    test(`not for exactly 64 KiB ${chunked ? "in chunks" : "with its length"}`, async () => {
      const body = objectOf(LIMIT);
      assert.equal(Buffer.byteLength(body), LIMIT);
      const answer = await send([body], chunked ? {} : { "content-length": String(LIMIT) });
      assert.equal(answer.status, 400);
      assert.equal(answer.json.details[0].code, "too_big");
    });
  }
});

describe("415", () => {
  const refused = ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1", "json", ""];
  for (const type of [...refused, "multipart/form-data; boundary=x", "application/jsonp", "text/json"]) {
    test(`for "${type}"`, async () => {
      const answer = await send(['{"name":"C"}'], { "content-type": type });
      assert.deepEqual([answer.status, answer.json.code], [415, "UNSUPPORTED_MEDIA_TYPE"]);
    });
  }
  for (const type of ["application/json;charset=UTF-8", "APPLICATION/JSON", "application/merge-patch+json"]) {
    test(`not for "${type}"`, async () => {
      assert.equal((await send(["{}"], { "content-type": type })).status, 400);
    });
  }
});

describe("400 INVALID_JSON", () => {
  const cases = {
    "nothing at all": "",
    "only blanks": " \n",
    "no JSON": "name=C",
    "cut off": '{"name":"C"',
    "something behind it": '{"name":"C"} {}',
    "a trailing comma": '{"name":"C",}',
    "single quotes": "{'name':'C'}",
    "a comment": '{"name":"C"/**/}',
    "an array": '[{"name":"C"}]',
    "a string": '"C"',
    null: "null",
    NaN: '{"name":NaN}',
    "a leading zero": '{"x":01,"name":"C"}',
    "a key twice": '{"name":"C","name":"D"}',
    "a key twice, once escaped": '{"name":"C","n\\u0061me":"D"}',
    "a key twice, deep inside": '{"name":"C","x":{"y":[{"z":1,"z":2}]}}',
    "too deep": `{"x":${"[".repeat(40)}${"]".repeat(40)}}`,
    "very deep": `{"x":${"[".repeat(30_000)}${"]".repeat(30_000)}}`,
    "bytes that are not UTF-8": Buffer.from([...Buffer.from('{"name":"'), 0xff, ...Buffer.from('"}')]),
    "an overlong encoding": Buffer.from([...Buffer.from('{"name":"'), 0xc0, 0xaf, ...Buffer.from('"}')]),
    "a raw NUL": '{"name":"C\u0000"}',
    "an escaped NUL": '{"name":"C\\u0000"}',
    "a lone surrogate": '{"name":"\\ud800"}',
    "a raw line break in a text": '{"name":"a\nb"}',
    "an unknown escape": '{"name":"\\x41"}',
    "a number beyond double": '{"x":1e999,"name":"C"}',
    "a byte order mark": Buffer.from([0xef, 0xbb, 0xbf, ...Buffer.from('{"name":"C"}')]),
  };
  for (const [what, body] of Object.entries(cases)) {
    test(`for ${what}`, async () => {
      const answer = await send(body.length ? [body] : []);
      assert.deepEqual([answer.status, answer.json?.code, answer.json?.statusCode], [400, "INVALID_JSON", 400]);
    });
  }

  test("a body that breaks off leaves the worker well", async () => {
    await assert.rejects(
      rawRequest(worker.url, SKILLS, {
        method: "POST",
        headers: {
          authorization: `Bearer ${TOKEN}`,
          "content-type": "application/json",
          "content-length": "100",
        },
        chunks: ['{"name":"C'],
        breakOff: true,
      }),
    );
    assert.equal((await worker.fetch("/health")).status, 200);
  });
});

/** Details without their messages, which must be there. @param {any} answer */
function problems(answer) {
  assert.equal(answer.status, 400, JSON.stringify(answer.body));
  return answer.body.details.map((/** @type {any} */ { message, ...rest }) => {
    assert.ok(typeof message === "string" && message.length > 3);
    return rest;
  });
}

const type = (/** @type {string} */ name, /** @type {string} */ received, expected = "string") => ({
  code: "invalid_type",
  path: [name],
  expected,
  received,
});
const long = (/** @type {string} */ name, /** @type {number} */ maximum) => ({
  code: "too_big",
  path: [name],
  maximum,
});
const short = (/** @type {string} */ name) => ({ code: "too_small", path: [name], minimum: 1 });
const plain = (/** @type {string} */ code, /** @type {string} */ name) => ({ code, path: [name] });

describe("profile", () => {
  const limits = { first_name: 100, last_name: 100, phone: 32, location: 200, current_title: 200 };
  const bad = [
    [
      "each field of another type",
      { first_name: 1, phone: true, location: [], current_title: {} },
      [
        type("first_name", "number"),
        type("phone", "boolean"),
        type("location", "array"),
        type("current_title", "object"),
      ],
    ],
    [
      "each field too long, in the order of the schema",
      Object.fromEntries(
        Object.entries(limits)
          .reverse()
          .map(([name, most]) => [name, "ä".repeat(most + 1)]),
      ),
      Object.entries(limits).map(([name, most]) => long(name, most)),
    ],
    [
      "a summary of 10,001 characters",
      { professional_summary: "x".repeat(10_001) },
      [long("professional_summary", 10_000)],
    ],
    [
      "links that are none",
      { linkedin_url: "not a link", photo_url: "ftp://x.example/a.png" },
      [plain("invalid_string", "linkedin_url"), plain("invalid_string", "photo_url")],
    ],
    ["a photo without a scheme", { photo_url: "example.com/a.png" }, [plain("invalid_string", "photo_url")]],
    ["a photo by javascript:", { photo_url: "javascript:alert(1)" }, [plain("invalid_string", "photo_url")]],
    ["a link too long", { linkedin_url: `https://x.example/${"a".repeat(300)}` }, [long("linkedin_url", 300)]],
    ["no known field", { id: USER, email: "x@y.z", resume_embedding: "[1]" }, [{ code: "custom", path: [] }]],
    ["nothing", {}, [{ code: "custom", path: [] }]],
  ];
  for (const [what, body, expected] of bad) {
    for (const method of /** @type {const} */ (["put", "patch"])) {
      test(`${method.toUpperCase()} with ${what}`, async () => {
        const answer = await client(worker, TOKEN)[method](PROFILE, body);
        assert.deepEqual(problems(answer), expected);
        assert.equal(answer.body.error, "Invalid profile data");
      });
    }
  }
});

describe("work experience", () => {
  const good = { position: "Engineer", company: "Acme", start_date: "2020-02-29" };
  const bad = [
    ["nothing", {}, ["position", "company", "start_date"].map((name) => type(name, "undefined"))],
    [
      "nulls",
      { position: null, company: null, start_date: null },
      ["position", "company", "start_date"].map((name) => type(name, "null")),
    ],
    ["blanks", { ...good, position: " \t ", company: "\u3000" }, [short("position"), short("company")]],
    [
      "texts too long",
      { ...good, position: "x".repeat(201), description: "x".repeat(10_001) },
      [long("position", 200), long("description", 10_000)],
    ],
    [
      "days that the calendar does not have",
      { ...good, start_date: "2023-02-29", end_date: "2024-13-01" },
      [plain("invalid_date", "start_date"), plain("invalid_date", "end_date")],
    ],
    ["other ways to write a day", { ...good, start_date: "2020-1-2" }, [plain("invalid_date", "start_date")]],
    ["a time of day", { ...good, start_date: "2020-01-02T00:00:00Z" }, [plain("invalid_date", "start_date")]],
    ["an end before the start", { ...good, end_date: "2019-12-31" }, [plain("custom", "end_date")]],
    ["an end although current", { ...good, end_date: "2024-01-01", is_current: true }, [plain("custom", "end_date")]],
    ["is_current as a text", { ...good, is_current: "true" }, [type("is_current", "string", "boolean")]],
    [
      "everything wrong at once",
      { position: 5, company: "", start_date: "soon", end_date: 7, is_current: 1 },
      [
        type("position", "number"),
        short("company"),
        plain("invalid_date", "start_date"),
        type("end_date", "number"),
        type("is_current", "number", "boolean"),
      ],
    ],
  ];
  for (const [what, body, expected] of bad) {
    test(`POST with ${what}`, async () => {
      const answer = await client(worker, TOKEN).post(WORK, body);
      assert.deepEqual(problems(answer), expected);
      assert.equal(answer.body.error, "Invalid work experience data");
    });
  }

  test("PATCH may leave required fields out, but not clear them", async () => {
    const answer = await client(worker, TOKEN).patch(`${WORK}/${ROW}`, { company: null, description: null });
    assert.deepEqual(problems(answer), [type("company", "null")]);
  });

  test("PATCH with nothing known", async () => {
    assert.deepEqual(problems(await client(worker, TOKEN).patch(`${WORK}/${ROW}`, { user_id: USER })), [
      { code: "custom", path: [] },
    ]);
  });
});

describe("skill", () => {
  const options = ["beginner", "intermediate", "advanced", "expert"];
  const bad = [
    ["no name", { level: "expert" }, [type("name", "undefined")]],
    ["a blank name", { name: "  " }, [short("name")]],
    ["a name of 101 characters", { name: "😀".repeat(101) }, [long("name", 100)]],
    [
      "another level",
      { name: "C", level: "wizard" },
      [{ code: "invalid_enum_value", path: ["level"], received: "wizard", options }],
    ],
    [
      "a level in capitals",
      { name: "C", level: "Expert" },
      [{ code: "invalid_enum_value", path: ["level"], received: "Expert", options }],
    ],
  ];
  for (const [what, body, expected] of bad) {
    test(`POST with ${what}`, async () => {
      const answer = await client(worker, TOKEN).post(SKILLS, body);
      assert.deepEqual(problems(answer), expected);
      assert.equal(answer.body.error, "Invalid skill data");
    });
  }
});

test("no refused body reached the database", () => {
  assert.deepEqual(upstream.summary(), []);
});
