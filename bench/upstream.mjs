// The doubles of Supabase (PostgREST and Auth) and Workers AI that every contender talks to, in one process of
// their own. Answers are built before they are asked for; the parent sets the delay and reads the counters.
import { createHmac } from "node:crypto";
import { createServer } from "node:http";
import { answerRest, resetPopulation } from "./lib/postgrest-double.mjs";
import { SECRET, VECTOR } from "./lib/fixtures.mjs";
import { serveParent } from "./lib/rpc.mjs";
import * as track from "./lib/tracker.mjs";

/** @typedef {{status: number, headers: Record<string, string>, body: Buffer}} Answer */

let delay = 0;
let lastText = "";

const JSON_TYPE = { "content-type": "application/json" };

/** @param {number} status @param {object} value @returns {Answer} */
function json(status, value) {
  return { status, headers: JSON_TYPE, body: Buffer.from(JSON.stringify(value)) };
}

/** @param {string} authorization */
function answerUser(authorization) {
  const token = authorization.slice(7);
  const [head, claims, signature] = token.split(".");
  const expected = createHmac("sha256", SECRET).update(`${head}.${claims}`).digest("base64url");
  if (signature !== expected) {
    return json(403, { code: 403, error_code: "bad_jwt", msg: "invalid JWT: signature is invalid" });
  }
  const { sub, email, role, aud } = JSON.parse(Buffer.from(String(claims), "base64url").toString());
  const at = "2026-01-01T00:00:00.000000Z";
  return json(200, {
    id: sub,
    aud,
    role,
    email,
    email_confirmed_at: at,
    phone: "",
    last_sign_in_at: at,
    app_metadata: { provider: "email", providers: ["email"] },
    user_metadata: { email_verified: true },
    identities: [],
    created_at: at,
    updated_at: at,
    is_anonymous: false,
  });
}

const vector = JSON.stringify(VECTOR);
/** @type {Map<string, Answer>} */
const vectors = new Map();

/** @param {number} count @param {boolean} rest wrapped as the REST API wraps it */
function answerVectors(count, rest) {
  const key = `${rest} ${count}`;
  let answer = vectors.get(key);
  if (!answer) {
    const data = Array(count).fill(vector).join(",");
    const result = `{"shape":[${count},768],"data":[${data}],"pooling":"mean"}`;
    const body = rest ? `{"result":${result},"success":true,"errors":[],"messages":[]}` : result;
    answer = { status: 200, headers: { ...JSON_TYPE, "cf-ai-req-id": "benchmark" }, body: Buffer.from(body) };
    vectors.set(key, answer);
  }
  return answer;
}

/** @param {Buffer} body @param {boolean} rest */
function answerAi(body, rest) {
  const parsed = JSON.parse(body.toString());
  const { text } = rest ? parsed : parsed.inputs;
  const texts = Array.isArray(text) ? text : [text];
  lastText = texts[0];
  track.count("AI", texts.length);
  return answerVectors(texts.length, rest);
}

/**
 * @param {import("node:http").IncomingMessage} request
 * @param {Buffer} body
 * @returns {Answer}
 */
function answer(request, body) {
  const url = String(request.url);
  if (url.startsWith("/rest/v1/")) return answerRest(request, url.slice(9), body);
  if (url.startsWith("/run?")) return answerAi(body, false);
  if (url.startsWith("/client/v4/")) return answerAi(body, true);
  if (url === "/auth/v1/user") {
    track.count("GET auth/user");
    return answerUser(request.headers.authorization ?? "");
  }
  track.count(`${request.method} ${url}`);
  if (url.endsWith("/jwks.json")) return json(200, { keys: [] });
  return json(404, { message: `the double has no ${url}` });
}

const server = createServer({ noDelay: true, keepAliveTimeout: 0 }, (request, response) => {
  /** @type {Buffer[]} */
  const chunks = [];
  track.began();
  // Also comes when the caller was stopped half-way.
  response.on("close", track.ended);
  const finish = () => {
    const { status, headers, body } = answer(request, Buffer.concat(chunks));
    const send = () => {
      response.writeHead(status, { ...headers, "content-length": body.length });
      response.end(body);
    };
    if (delay > 0) setTimeout(send, delay);
    else send();
  };
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", finish);
});

serveParent({
  /** @returns {Promise<number>} the port */
  listen: () =>
    new Promise((resolve, reject) => {
      server.on("error", reject);
      server.listen(0, "127.0.0.1", () => {
        const address = server.address();
        resolve(typeof address === "object" && address ? address.port : 0);
      });
    }),
  delay: (ms) => void (delay = ms),
  reset: (population) => {
    track.reset();
    resetPopulation(population);
  },
  state: () => ({ ...track.state(), lastText }),
});
