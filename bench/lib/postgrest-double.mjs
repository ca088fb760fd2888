// PostgREST's side of the double: the answers that any contender's calls get, in PostgREST's shapes.
import { EXPERIENCES, PROFILE, SKILLS, userId, userIndex } from "./fixtures.mjs";
import * as track from "./tracker.mjs";

/** @typedef {import("../upstream.mjs").Answer} Answer */

const ID = /id=(?:eq\.|in\.(?:\(|%28))([0-9a-f,%C-]+)/i;
const OBJECT = "application/vnd.pgrst.object+json";
const STATE = { revision: 2, embedded_revision: 1, model: null, text_hash: null, attempts: 0 };
const PLACEHOLDER = "@@id@@";

/** @type {Record<string, Record<string, any>>} */
const ROWS = {
  users: { id: PLACEHOLDER, ...PROFILE },
  work_experience: { ...EXPERIENCES[0], user_id: PLACEHOLDER },
  skills: { ...SKILLS[0], user_id: PLACEHOLDER },
  resume_embedding_state: {
    user_id: PLACEHOLDER,
    ...STATE,
    embedded_at: null,
    error: null,
    next_attempt_at: null,
    changed_at: "2026-01-01T00:00:00+00:00",
  },
};
const LISTS = { work_experience: EXPERIENCES, skills: SKILLS };

/** Embedded flags of the backfill's users. */
let embedded = new Uint8Array(0);

/** @param {number} size users that the backfill finds stale */
export function resetPopulation(size) {
  embedded = new Uint8Array(size);
}

/** @param {Record<string, any>} row @param {string[]} columns */
function pick(row, columns) {
  if (columns.includes("*")) return row;
  return Object.fromEntries(columns.filter((name) => name in row).map((name) => [name, row[name]]));
}

/** Rows of users with what is embedded in them. @param {string} select */
function combinedRow(select) {
  /** @type {Record<string, any>} */
  const row = pick(/** @type {any} */ (ROWS["users"]), select.replace(/\w+(!\w+)?\([^)]*\)/g, "").split(","));
  for (const [, table = "", columns = ""] of select.matchAll(/(\w+)(?:!\w+)?\(([^)]*)\)/g)) {
    const list = LISTS[/** @type {keyof typeof LISTS} */ (table)];
    if (list) row[table] = list.map((item) => pick(item, columns.split(",")));
    else row[table] = pick(STATE, columns.split(","));
  }
  return row;
}

/** Prebuilt text of one row, split where the id goes. @type {Map<string, string[]>} */
const templates = new Map();

/** @param {string} table @param {string} url */
function template(table, url) {
  const select = decodeURIComponent(/[?&]select=([^&]*)/.exec(url)?.[1] ?? "*");
  const key = `${table} ${select}`;
  let parts = templates.get(key);
  if (!parts) {
    const row = select.includes("(") ? combinedRow(select) : pick(ROWS[table] ?? {}, select.split(","));
    parts = JSON.stringify(row).split(PLACEHOLDER);
    templates.set(key, parts);
  }
  return parts;
}

/** @type {Map<string, string>} */
const listBodies = new Map();

/** @param {"work_experience" | "skills"} table @param {string} url */
function listBody(table, url) {
  const select = decodeURIComponent(/[?&]select=([^&]*)/.exec(url)?.[1] ?? "*");
  const key = `${table} ${select}`;
  let body = listBodies.get(key);
  if (!body) {
    body = JSON.stringify(LISTS[table].map((row) => pick(row, select.split(","))));
    listBodies.set(key, body);
  }
  return body;
}

/** @param {number} status @param {string} body @param {boolean} [object] @returns {Answer} */
function rest(status, body, object = false) {
  const type = object ? OBJECT : "application/json";
  return {
    status,
    headers: {
      "content-type": `${type}; charset=utf-8`,
      "content-range": "0-0/*",
      "content-profile": "public",
    },
    body: Buffer.from(body),
  };
}

/** @param {import("node:http").IncomingMessage} request @param {string} url @param {Buffer} body @returns {Answer} */
function answerTable(request, url, body) {
  const query = url.indexOf("?");
  const table = query < 0 ? url : url.slice(0, query);
  const ids = decodeURIComponent(ID.exec(url)?.[1] ?? "").split(",");
  const object = request.headers.accept?.includes(OBJECT) ?? false;
  const vector = request.method === "PATCH" && body.includes('"resume_embedding"');
  track.count(`${request.method} ${table}${vector ? " vector" : ""}`, ids.length);
  if (request.method === "GET") {
    if (table === "users") ids.forEach(track.read);
    else if (!object && /[?&]user_id=/.test(url) && !/[?&]id=/.test(url) && table in LISTS) {
      return rest(200, listBody(/** @type {keyof typeof LISTS} */ (table), url));
    }
  } else if (vector) {
    ids.forEach(track.stored);
    for (const id of ids) embedded[userIndex(id)] = 1;
  } else if (table === "users") {
    ids.forEach(track.edited);
  }
  if (request.method !== "GET" && !String(request.headers.prefer).includes("return=representation")) {
    return rest(request.method === "POST" ? 201 : 204, "");
  }
  const parts = template(table, url);
  const rows = ids.map((id) => parts.join(id)).join(",");
  return rest(request.method === "POST" ? 201 : 200, object ? rows : `[${rows}]`, object);
}

/** @param {string} name @param {Buffer} body @returns {Answer} */
function answerFunction(name, body) {
  const args = JSON.parse(body.toString());
  track.count(`POST rpc/${name}`, args.items?.length ?? 1);
  if (name === "store_resume_embeddings") {
    const outcomes = args.items.map((/** @type {any} */ { user_id }) => {
      track.stored(user_id);
      embedded[userIndex(user_id)] = 1;
      return `{"user_id":"${user_id}","outcome":"stored"}`;
    });
    return rest(200, `[${outcomes.join(",")}]`);
  }
  if (name === "stale_resumes") {
    const found = [];
    const first = args.after ? userIndex(args.after) + 1 : 0;
    for (let i = first; i < embedded.length && found.length < (args.max_rows ?? 100); i++) {
      if (!embedded[i] || args.include_fresh) found.push(`{"user_id":"${userId(i)}"}`);
    }
    return rest(200, `[${found.join(",")}]`);
  }
  if (name === "count_stale_resumes") return rest(200, String(embedded.length));
  if (name === "record_resume_failures") return rest(204, "");
  return rest(404, `{"code":"PGRST202","message":"no function ${name}","details":null,"hint":null}`);
}

/**
 * @param {import("node:http").IncomingMessage} request
 * @param {string} url what follows /rest/v1/
 * @param {Buffer} body
 * @returns {Answer}
 */
export function answerRest(request, url, body) {
  if (!request.headers["apikey"]) return rest(401, '{"message":"No API key found in request"}');
  return url.startsWith("rpc/") ? answerFunction(url.slice(4), body) : answerTable(request, url, body);
}
