// The strictest reading of JSON (RFC 8259, and I-JSON, RFC 7493, where that is stricter): what is refused with which
// answer, and that what is accepted arrives as it was meant. Names with an underscore are JSONTestSuite's.
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { rawRequest } from "../lib/raw-http.mjs";
import { hs256, userClaims } from "../lib/tokens.mjs";
import { SERVICE_KEY, startProject, USER } from "./lib/project.mjs";

const TOKEN = hs256(userClaims(USER));
const DEEPEST = 32;

/** @type {Awaited<ReturnType<typeof startProject>>} */
let project;
before(async () => {
  project = await startProject();
  project.publish([]);
});
after(() => project.close());
beforeEach(() => {
  project.upstream.calls.length = 0;
});

const nested = (/** @type {number} */ depth) => `{"name":"C","x":${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}}`;
const nestedObjects = (/** @type {number} */ depth) => `${'{"x":'.repeat(depth)}1${"}".repeat(depth)}`;
const bytes = (/** @type {(string | number[])[]} */ ...parts) => Buffer.concat(parts.map((part) => Buffer.from(part)));
/** The text as a value between the bytes of an object. @param {number[]} inner */
const name = (...inner) => bytes('{"name":"', inner, '"}');
const value = (/** @type {string} */ text) => `{"name":"C","x":${text}}`;

/** @param {string | Buffer} body @param {string} [path] */
const post = (body, path = "/api/profile/skills", key = TOKEN) =>
  rawRequest(project.worker.url, path, {
    method: "POST",
    chunks: body.length ? [body] : [],
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
  });

/** @type {Record<string, Record<string, string | Buffer>>} */
const REFUSED = {
  "invalid UTF-8": {
    "a lone byte ff": name(0xff),
    "a lone continuation byte": name(0x80),
    "a sequence that is cut off": name(0xe2, 0x82),
    n_string_invalid_utf8_after_escape: bytes('{"name":"\\', [0xe5], '"}'),
    "an overlong slash": name(0xc0, 0xaf),
    "an overlong NUL": name(0xc0, 0x80),
    "an overlong euro sign": name(0xf0, 0x82, 0x82, 0xac),
    "a surrogate in UTF-8 (CESU-8)": name(0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80),
    "beyond U+10FFFF": name(0xf4, 0x90, 0x80, 0x80),
    "in a key": bytes('{"', [0xff], '":1,"name":"C"}'),
    "between the members": bytes('{"name":"C"', [0xc2, 0xa0], "}"),
    "UTF-16": Buffer.from('{"name":"C"}', "utf16le"),
    "UTF-32": bytes(...[...'{"name":"C"}'].map((c) => [0, 0, 0, c.charCodeAt(0)])),
  },
  surrogates: {
    "a high one alone": '{"name":"\\ud83d"}',
    "a low one alone": '{"name":"\\ude00"}',
    "the wrong way round": '{"name":"\\ude00\\ud83d"}',
    "two high ones": '{"name":"\\ud83d\\ud83d"}',
    "a high one and a letter": '{"name":"\\ud83dx"}',
    "a high one and another escape": '{"name":"\\ud83d\\n"}',
    "a high one in a key": '{"\\ud83d":1,"name":"C"}',
  },
  "NUL and other control characters": {
    "a raw NUL": name(0),
    "an escaped NUL": '{"name":"C\\u0000"}',
    "an escaped NUL in a key": '{"name\\u0000":"C","name":"D"}',
    "a NUL behind the text": '{"name":"C"}\u0000',
    "a NUL before it": '\u0000{"name":"C"}',
    n_string_unescaped_newline: '{"name":"a\nb"}',
    n_string_unescaped_tab: '{"name":"a\tb"}',
    "an escape character": name(0x1b),
  },
  "the same key twice": {
    plainly: '{"name":"C","name":"D"}',
    "with the same value": '{"name":"C","name":"C"}',
    "once escaped": '{"name":"C","n\\u0061me":"D"}',
    "in a member that is ignored": '{"name":"C","x":{"y":[{"z":1,"z":2}]}}',
    "the empty key": '{"":1,"":2,"name":"C"}',
    "among many": `{"name":"C",${Array.from({ length: 3000 }, (_, i) => `"k${i % 2999}":0`).join()}}`,
    "once in capitals by escapes, with a surrogate pair": '{"name":"C","\\ud83d\\ude00":1,"😀":2}',
  },
  "something behind the value": {
    "another object": '{"name":"C"}{"name":"D"}',
    "a bracket": '{"name":"C"}}',
    "a comma": '{"name":"C"},',
    n_structure_object_with_comment: '{"name":"C"/*x*/}',
    n_structure_object_followed_by_closing_object: '{"name":"C"}}',
    n_object_trailing_comment: '{"name":"C"}/**/',
    "a hash comment": '{"name":"C"} # x',
    "no-break space": '{"name":"C"}\u00a0',
    "a byte order mark": '{"name":"C"}\ufeff',
  },
  "a byte order mark before it": { "of UTF-8": '\ufeff{"name":"C"}', twice: '\ufeff\ufeff{"name":"C"}' },
  numbers: {
    n_number_NaN: value("NaN"),
    n_number_infinity: value("Infinity"),
    n_number_minus_infinity: value("-Infinity"),
    n_number_hex_1_digit: value("0x1"),
    "n_number_leading zero": value("012"),
    "n_number_-01": value("-01"),
    "n_number_.2e3": value(".2e3"),
    "n_number_2.e3": value("2.e3"),
    "n_number_1.0e+": value("1.0e+"),
    "n_number_+1": value("+1"),
    n_number_1_000: value("1 000"),
    n_number_minus_space_1: value("- 1"),
    "n_number_U+FF11_fullwidth_digit_one": value("１"),
    "beyond double": value("1e309"),
    "beyond double, below zero": value("-1e309"),
    "beyond double by its digits": value(`1${"0".repeat(309)}`),
    "just beyond double": value("1.7976931348623159e308"),
    "an exponent beyond everything": value("1e99999999999999999999"),
  },
  nesting: {
    "lists deeper than 32": nested(DEEPEST + 1),
    "objects deeper than 32": nestedObjects(DEEPEST + 1),
    "a list of 60,000": `{"x":${"[".repeat(60_000)}`,
    "brackets that cross": '{"x":[{]}}',
  },
  structure: {
    nothing: "",
    "only blanks": " \t\r\n",
    n_object_trailing_comma: '{"name":"C",}',
    n_object_two_commas_in_a_row: '{"name":"C",,"x":1}',
    n_object_missing_colon: '{"name" "C"}',
    n_object_double_colon: '{"name"::"C"}',
    n_object_unquoted_key: '{name:"C"}',
    n_object_single_quote: "{'name':'C'}",
    "n_object_unterminated-value": '{"name":"C',
    n_object_non_string_key: '{1:1,"name":"C"}',
    n_structure_capitalized_True: value("True"),
    n_incomplete_true: value("tru"),
    n_string_escape_x: '{"name":"\\x41"}',
    n_string_1_surrogate_then_escape_u1: '{"name":"\\uD800\\u1"}',
    n_string_incomplete_escape: '{"name":"\\"}',
    n_string_invalid_unicode_escape: '{"name":"\\uqqqq"}',
    "n_structure_ascii-unicode-identifier": "aå",
    n_structure_UTF8_BOM_no_data: "\ufeff",
    "a form": "name=C",
    "a list": '[{"name":"C"}]',
    "a text": '"{}"',
    "a number": "1",
    null: "null",
  },
};

for (const [kind, cases] of Object.entries(REFUSED)) {
  describe(`400 INVALID_JSON for ${kind}`, () => {
    for (const [what, body] of Object.entries(cases)) {
      test(what, async () => {
        const { status, json } = await post(body);
        assert.deepEqual([status, json.code, json.statusCode], [400, "INVALID_JSON", 400]);
        assert.match(json.message, /^The body [ -~]+$/, "which quotes nothing of the body");
        assert.deepEqual(project.upstream.summary(), []);
      });
    }
  });
}

test("every route that takes a body refuses alike", async () => {
  const routes = [
    ["PUT", "/api/profile", TOKEN],
    ["PATCH", "/api/profile", TOKEN],
    ["POST", "/api/profile/work-experience", TOKEN],
    ["PATCH", `/api/profile/work-experience/${USER}`, TOKEN],
    ["PUT", `/api/profile/skills/${USER}`, TOKEN],
    ["POST", "/api/admin/backfill", SERVICE_KEY],
  ];
  for (const [method = "", path = "", key] of routes) {
    for (const body of ['{"a":1,"a":2}', "[]", name(0xff), nested(DEEPEST + 1), '{"dry_run":true}x']) {
      const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
      const { status, json } = await rawRequest(project.worker.url, path, { method, headers, chunks: [body] });
      assert.deepEqual([status, json?.code], [400, "INVALID_JSON"], `${method} ${path} ${body}`);
    }
  }
  assert.deepEqual(project.upstream.summary(), []);
});

describe("201 for JSON that is only unusual, passed on as it was meant", () => {
  /** @type {[string, string | Buffer, string][]} */
  const accepted = [
    ["every escape", '{"name":"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\u20AC\\ud83d\\ude00"}', '"\\/\b\f\n\r\té€😀'],
    ["raw text of every length in UTF-8", '{"name":"aé€😀"}', "aé€😀"],
    [
      "the outermost characters",
      '{"name":"a\u0080\ud7ff\ue000\uffff\u{10000}\u{10ffff}b"}',
      "a\u0080\ud7ff\ue000\uffff\u{10000}\u{10ffff}b",
    ],
    ["DEL and U+2028, which JSON allows", '{"name":"a\u007f\u2028b"}', "a\u007f\u2028b"],
    ["an escaped key", '{"n\\u0061me":"C"}', "C"],
    ["every kind of blank", ' \t\r\n{ \t\r\n"name" \t\r\n: \t\r\n"C" \t\r\n} \t\r\n', "C"],
    ["a number at the edge of double", value("1.7976931348623157e308"), "C"],
    ["a number that is nothing in double", value("1e-400"), "C"],
    ["a number of 1000 digits", value(`0.${"1".repeat(1000)}`), "C"],
    ["minus zero", value("-0"), "C"],
    ["the same key in different objects", '{"x":{"name":1},"y":[{"name":2},{"name":3}],"name":"C"}', "C"],
    ["the same key in another case", '{"NAME":"D","name":"C"}', "C"],
    ["keys of JavaScript's", '{"__proto__":{"level":"expert"},"constructor":1,"toString":2,"name":"C"}', "C"],
    ["32 lists and objects inside each other", nested(DEEPEST), "C"],
    ["a name that looks like SQL", `{"name":"'); drop table skills; --"}`, "'); drop table skills; --"],
    ["a name that looks like a filter", '{"name":"C,or=(id.gt.0)&select=*"}', "C,or=(id.gt.0)&select=*"],
  ];
  for (const [what, body, expected] of accepted) {
    test(what, async () => {
      const { status, text } = await post(body);
      assert.equal(status, 201, text);
      const call = project.upstream.calls.find(({ method, path: to }) => method === "POST" && to === "/rest/v1/skills");
      assert.deepEqual(JSON.parse(String(call?.body)), { user_id: USER, name: expected });
      assert.equal(decodeURIComponent(String(call?.query)), "select=id,user_id,name,level");
    });
  }
});
