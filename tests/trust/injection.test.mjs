// Nothing from a request, or from an upstream's answer, gets into a PostgREST URL, a header or a log line unescaped.
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { rawRequest } from "../lib/raw-http.mjs";
import { hs256, userClaims } from "../lib/tokens.mjs";
import { until } from "../lib/until.mjs";
import { ANON_KEY, ROW, SERVICE_KEY, startProject, USER } from "./lib/project.mjs";

const EMAIL = 'a"b\\c\r\nx: y,or=(id.gt.0)&select=*😀@example.com';
const TOKEN = hs256(userClaims(USER, { email: EMAIL }));
const LOG_LINE = /^\[(Auth|Profile|Embeddings)\] [ -~]+$/;
const COLUMNS = {
  users: "id,email,first_name,last_name,phone,location,linkedin_url,photo_url,current_title,professional_summary",
  skills: "id,user_id,name,level",
  work_experience: "id,user_id,position,company,description,start_date,end_date,is_current",
};

/** @type {Awaited<ReturnType<typeof startProject>>} */
let project;
before(async () => {
  project = await startProject();
});
after(() => project.close());
beforeEach(() => {
  project.publish([]);
  project.upstream.calls.length = 0;
});

/** @param {string} method @param {string} path @param {Record<string, string>} [headers] @param {string} [body] */
const send = (method, path, headers = {}, body) =>
  rawRequest(project.worker.url, path, {
    method,
    headers: {
      authorization: `Bearer ${TOKEN}`,
      ...(body !== undefined && { "content-type": "application/json" }),
      ...headers,
    },
    chunks: body === undefined ? [] : [body],
  });

/** The calls made in the user's name, as method and raw query. */
const usersCalls = () =>
  project.upstream.calls
    .filter(({ headers }) => headers.apikey === ANON_KEY)
    .map(({ method, path, query }) => `${method} ${path}?${decodeURIComponent(String(query))}`);

describe("an id in the path", () => {
  const hostile = {
    "a second filter": `${ROW}&user_id=neq.${USER}`,
    "a second filter, encoded": `${ROW}%26user_id=neq.${USER}`,
    "a second filter, encoded twice": `${ROW}%2526user_id=neq.${USER}`,
    "a comma": `${ROW},${ROW}`,
    "an or": `${ROW}.or=(id.gt.0)`,
    "an or by itself": "or=(id.not.is.null)",
    "a list": `in.(${ROW})`,
    parentheses: `(${ROW})`,
    "an operator": `neq.${ROW}`,
    "a cast": `${ROW}::text`,
    "an embedding": `${ROW}&select=*,users(*)`,
    CRLF: `${ROW}%0d%0aapikey:%20x`,
    LF: `${ROW}%0a`,
    NUL: `${ROW}%00`,
    "a blank": `${ROW}%20`,
    "an encoded slash": `${ROW}%2f..%2f..%2fadmin`,
    dots: "..%2f..%2frpc%2fstore_resume_embeddings",
    "a backslash": `..%5c..%5crpc`,
    "a semicolon": `${ROW};drop`,
    "a quote": `${ROW}%27`,
    SQL: "1%20or%201=1;--",
    "a percent sign": `${ROW}%`,
    "broken percent encoding": `${ROW}%zz`,
    "invalid UTF-8": `${ROW}%ff`,
    "full-width digits": ROW.replaceAll("2", "%EF%BC%92"),
    "an emoji": "%F0%9F%98%80",
    "a right-to-left mark": `${ROW}%E2%80%8F`,
    braces: `%7B${ROW}%7D`,
    "no dashes": ROW.replaceAll("-", ""),
    "a digit more": `${ROW}0`,
    "a digit less": ROW.slice(1),
    "a letter beyond f": ROW.replace("2", "g"),
    "the word null": "null",
    "a star": "*",
    "2,000 bytes": "2".repeat(2000),
    "12,000 bytes": `${ROW}${"%2c".repeat(4000)}`,
  };
  for (const [what, id] of Object.entries(hostile)) {
    test(`with ${what} is 404 to all, and nobody is asked`, async () => {
      for (const collection of ["skills", "work-experience"]) {
        for (const method of ["GET", "PUT", "PATCH", "DELETE"]) {
          const body = method === "GET" || method === "DELETE" ? undefined : '{"name":"C","company":"C"}';
          const { status, json } = await send(method, `/api/profile/${collection}/${id}`, {}, body);
          assert.deepEqual([status, json?.code], [404, "NOT_FOUND"], `${method} ${collection}`);
        }
      }
      assert.deepEqual(project.upstream.summary(), []);
    });
  }

  test("in capitals or percent-encoded is the same UUID", async () => {
    const id = "abcdefab-cdef-4bcd-8fab-cdefabcdefab";
    for (const written of [id, id.toUpperCase(), id.replaceAll("-", "%2D"), id.replace("a", "%61")]) {
      project.upstream.calls.length = 0;
      assert.equal((await send("GET", `/api/profile/skills/${written}`)).status, 200);
      const [call] = usersCalls();
      assert.equal(call?.toLowerCase(), `get /rest/v1/skills?select=${COLUMNS.skills}&user_id=eq.${USER}&id=eq.${id}`);
    }
  });
});

describe("the query and the headers of a request", () => {
  const queries = [
    `?select=*&user_id=neq.${USER}&or=(user_id.not.is.null)`,
    "?id=eq.1&limit=1000&offset=0&order=user_id&on_conflict=user_id&columns=resume_embedding",
    "?%0d%0aapikey:%20x&%00&apikey=x&Authorization=Bearer%20x",
  ];
  const headers = {
    prefer: "return=representation,tx=rollback,resolution=merge-duplicates",
    range: "0-9999",
    "range-unit": "items",
    accept: "application/vnd.pgrst.object+json, text/csv",
    "accept-profile": "auth",
    "content-profile": "auth",
    apikey: "another-key",
    cookie: "sb-access-token=x",
    "x-forwarded-host": "evil.example",
    "x-http-method-override": "DELETE",
    "x-supabase-api-version": "2024-01-01",
    "x-client-info": "x",
    forwarded: "for=1.2.3.4",
    referer: "https://evil.example/",
  };
  const owned = (/** @type {"skills" | "work_experience"} */ table) =>
    `${table}?select=${COLUMNS[table]}&user_id=eq.${USER}`;
  /** @type {[string, string, string | undefined, string][]} */
  const routes = [
    ["GET", "/api/profile", undefined, `GET /rest/v1/users?select=${COLUMNS.users}&id=eq.${USER}`],
    ["PATCH", "/api/profile", '{"phone":"1"}', `PATCH /rest/v1/users?select=${COLUMNS.users}&id=eq.${USER}`],
    ["GET", "/api/profile/skills", undefined, `GET /rest/v1/${owned("skills")}&order=name,id`],
    ["POST", "/api/profile/skills", '{"name":"C"}', `POST /rest/v1/skills?select=${COLUMNS.skills}`],
    ["GET", `/api/profile/skills/${ROW}`, undefined, `GET /rest/v1/${owned("skills")}&id=eq.${ROW}`],
    ["PUT", `/api/profile/skills/${ROW}`, '{"level":null}', `PATCH /rest/v1/${owned("skills")}&id=eq.${ROW}`],
    [
      "DELETE",
      `/api/profile/skills/${ROW}`,
      undefined,
      `DELETE /rest/v1/skills?select=id&user_id=eq.${USER}&id=eq.${ROW}`,
    ],
    [
      "GET",
      "/api/profile/work-experience",
      undefined,
      `GET /rest/v1/${owned("work_experience")}&order=start_date.desc.nullslast,id`,
    ],
    [
      "PATCH",
      `/api/profile/work-experience/${ROW}`,
      '{"company":"C"}',
      `PATCH /rest/v1/${owned("work_experience")}&id=eq.${ROW}`,
    ],
    [
      "DELETE",
      `/api/profile/work-experience/${ROW}`,
      undefined,
      `DELETE /rest/v1/work_experience?select=id&user_id=eq.${USER}&id=eq.${ROW}`,
    ],
    [
      "GET",
      "/api/profile/embedding",
      undefined,
      "GET /rest/v1/resume_embedding_state?select=revision,embedded_revision,model,text_hash,embedded_at,error" +
        `&user_id=eq.${USER}`,
    ],
  ];
  for (const [method, path, body, expected] of routes) {
    test(`do not change what ${method} ${path} asks`, async () => {
      for (const query of ["", ...queries]) {
        project.upstream.calls.length = 0;
        const { status } = await send(method, `${path}${query}`, query ? headers : {}, body);
        assert.ok(status === 200 || status === 201, String(status));
        assert.deepEqual(usersCalls(), [expected]);
        const call = project.upstream.calls.find(({ headers: sent }) => sent.apikey === ANON_KEY);
        const { host, connection, "content-length": _, "accept-encoding": __, ...sent } = call?.headers ?? {};
        assert.equal(host, new URL(project.upstream.url).host);
        assert.deepEqual(sent, {
          accept: "application/json",
          apikey: ANON_KEY,
          authorization: `Bearer ${TOKEN}`,
          ...(method !== "GET" && { "content-type": "application/json", prefer: "return=representation" }),
        });
      }
    });
  }
});

describe("what a user writes", () => {
  const texts = [
    "a\r\nSet-Cookie: x=y\r\n\r\n<html>",
    `"},{"user_id":"${ROW}`,
    '\\"\\u0022\\',
    "'; delete from users; --",
    "C,id.gt.0),or=(a",
    "%0d%0a%00%26",
    "\u2028\u2029\u202e\ufeff😀",
    "{{7*7}}${7*7}<script>alert(1)</script>",
    "[Auth] a forged log line\n[Profile] another",
  ];
  test("is stored as it is, in the body and nowhere else", async () => {
    const mark = project.worker.log.lines.length;
    for (const text of texts) {
      project.upstream.calls.length = 0;
      const { status } = await send("PATCH", "/api/profile", {}, JSON.stringify({ current_title: text, x: text }));
      assert.equal(status, 200);
      const call = project.upstream.calls.find(({ method }) => method === "PATCH");
      // The API trims texts.
      assert.deepEqual(JSON.parse(String(call?.body)), { current_title: text.replace(/^\ufeff|\ufeff$/g, "").trim() });
      const elsewhere = JSON.stringify([call?.path, [...(call?.query ?? [])], call?.headers]);
      for (const word of ["Set-Cookie", "delete", "script", "gt.0", "forged", "%0d"]) {
        assert.ok(!elsewhere.includes(word), word);
      }
    }
    await until("the updates behind have ended", () => project.worker.log.texts(mark).length >= 3 * texts.length);
    for (const line of project.worker.log.texts(mark)) {
      assert.match(line, LOG_LINE);
      assert.doesNotMatch(line, /forged|script|Set-Cookie|delete/);
    }
  });

  test("and a token's e-mail address get into a new row as JSON", async () => {
    project.upstream.faults.clear();
    project.upstream.faults.add(
      { kind: "status", status: 200, body: [] },
      { match: ({ method }) => method === "PATCH" },
    );
    project.upstream.faults.add({ kind: "status", status: 201, body: [{ id: USER }] });
    assert.equal((await send("PATCH", "/api/profile", {}, '{"phone":"1\\"\\r\\n2"}')).status, 200);
    const created = project.upstream.calls.find(({ method, path }) => method === "POST" && path === "/rest/v1/users");
    assert.deepEqual(JSON.parse(String(created?.body)), { id: USER, email: EMAIL, phone: '1"\r\n2' });
    assert.equal(created?.query.get("on_conflict"), "id");
  });
});

describe("X-Request-Id", () => {
  const answered = async (/** @type {Record<string, any>} */ headers) => {
    const mark = project.worker.log.lines.length;
    const response = await rawRequest(project.worker.url, "/api/profile", { headers });
    assert.equal(response.status, 401);
    return [response.headers["x-request-id"], await project.worker.log.waitFor(/^\[Auth\]/, { from: mark })];
  };

  for (const id of ["a", "A-Z_0.9", "7".repeat(64), "3f1c8a52-0000-4000-8000-1234567890ab", "..", "-"]) {
    test(`${id} is taken over into the answer and the log`, async () => {
      const [got, line] = await answered({ "x-request-id": id });
      assert.equal(got, id);
      assert.ok(String(line).endsWith(` (request ${id})`));
    });
  }

  for (const id of [
    ...[
      "",
      " ",
      "a b",
      "a,b",
      "a;b",
      'a"b',
      "a'b",
      "<script>",
      "a%0d%0ab",
      "a\\nb",
      "a\tb",
      "(request x)",
      "${jndi:ldap://x}",
    ],
    ...["é", "\u00a0", "a\u0085b", "7".repeat(65), "7".repeat(8000), "../etc", "a:b", "a=b"],
  ]) {
    test(`${JSON.stringify(id).slice(0, 30)} is replaced`, async () => {
      const [got, line] = await answered({ "x-request-id": id });
      assert.match(String(got), /^[0-9a-f]{32}$/);
      assert.equal(line, `[Auth] Refused: no Authorization header (request ${got})`);
    });
  }

  test("given twice is replaced", async () => {
    const [got] = await answered({ "x-request-id": ["one", "two"] });
    assert.match(String(got), /^[0-9a-f]{32}$/);
  });
});

describe("an upstream's own words", () => {
  const words = "leaked\r\n[Auth] forged\u0000\u202e<script>";
  const bodies = [
    { code: "23505\n[Auth] forged", message: words, details: words, hint: words },
    { code: words, message: words },
    { code: { a: words }, message: [words] },
    { code: "X".repeat(5000), message: "leaked".repeat(10_000) },
    words,
    { code: "23514", message: `violates check constraint "leaked\nconstraint"` },
    { code: "22P02", message: words },
    { code: "23505", message: words },
    { code: "PGRST301", message: words },
  ];
  const retryAfters = [
    "leaked",
    "-1",
    "1e9",
    "0x10",
    "1;leaked",
    "999999999999999999999",
    "Thu, 01 Jan 1970 99:00:00 GMT",
  ];

  test("reach neither the client nor the log", async () => {
    const mark = project.worker.log.lines.length;
    for (const status of [400, 401, 403, 404, 409, 422, 429, 500, 503]) {
      for (const [i, body] of bodies.entries()) {
        const headers = { "retry-after": String(retryAfters[i % retryAfters.length]), "x-leaked": "leaked" };
        project.upstream.faults.clear();
        project.upstream.faults.add({ kind: "status", status, body, headers });
        const answer = await send("POST", "/api/profile/skills", {}, '{"name":"C"}');
        const shown = JSON.stringify([answer.headers, answer.text]);
        assert.ok(answer.status >= 400 && answer.json, shown);
        assert.doesNotMatch(shown, /leaked|forged|script|PGRST|2350|2351/);
        assert.match(String(answer.headers["retry-after"] ?? 0), /^\d{1,5}$/);
      }
    }
    const lines = project.worker.log.texts(mark);
    assert.ok(lines.length >= 80);
    for (const line of lines) {
      assert.match(line, LOG_LINE);
      assert.ok(line.length < 250 && !/leaked|forged|script/.test(line), line);
    }
  });

  test("in a row are passed through as JSON alone", async () => {
    const row = { id: ROW, user_id: USER, name: words.replace("\u0000", ""), level: null };
    project.upstream.faults.clear();
    project.upstream.faults.add({ kind: "status", status: 200, body: [row], headers: { "set-cookie": "x=leaked" } });
    const answer = await send("GET", `/api/profile/skills/${ROW}`);
    assert.deepEqual(answer.json, { skill: row });
    assert.equal(answer.headers["set-cookie"], undefined);
  });
});

test("a queue message says which user it is about, or is dropped without a word of it in the log", async () => {
  const mark = project.worker.log.lines.length;
  project.upstream.faults.clear();
  const hostile = [
    `${USER}),or(id.gt.0`,
    `${USER}\r\n[Auth] forged`,
    [USER],
    { eq: USER },
    null,
    7,
    `${USER}&select=*`,
    "*",
  ].map((user_id) => ({ body: { user_id } }));
  const odd = ["forged", "{", null, [], 7, { id: "forged" }].map((body) => ({ body }));
  const fates = await project.worker.consume([...hostile, ...odd]);
  assert.deepEqual(new Set(fates), new Set(["ack"]));
  assert.deepEqual(project.upstream.summary(), []);
  const lines = await until("all is logged", () => {
    const texts = project.worker.log.texts(mark);
    return texts.length === hostile.length + odd.length && texts;
  });
  assert.deepEqual(new Set(lines || []), new Set(["[Embeddings] Dropped a queue message that names no user"]));
});

test("the service-role key went to the embedding update's calls only", async () => {
  project.upstream.calls.length = 0;
  await send("PATCH", "/api/profile", {}, '{"current_title":"C"}');
  await until("the update has been asked for", () => project.upstream.calls.length >= 2);
  for (const { headers, path, method } of project.upstream.calls) {
    const text = JSON.stringify(headers);
    assert.equal(text.includes(SERVICE_KEY), method === "GET" || path.startsWith("/rest/v1/rpc/"), `${method} ${path}`);
    assert.notEqual(text.includes(SERVICE_KEY), text.includes(TOKEN));
  }
});
