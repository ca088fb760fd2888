// The same visible behaviour, checked before anything is timed.
import assert from "node:assert/strict";
import { accessToken, EXPERIENCES, forgedEdits, invalidEdits, edits, SKILLS, TEXT, userId } from "./fixtures.mjs";

/**
 * @typedef {object} Arena what a check or a measurement works with
 * @property {import("./contenders.mjs").Contender} contender
 * @property {import("./runtime.mjs").Running} running
 * @property {{call: (name: string, args?: any) => Promise<any>}} upstream
 * @property {{call: (name: string, args?: any) => Promise<any>}} load
 * @property {() => Promise<void>} settle resolves when no work is left behind the answers
 */

/** @param {number} port @param {string} method @param {string} path @param {any} [options] */
async function send(port, method, path, { body, headers } = /** @type {any} */ ({})) {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    headers: headers ?? { authorization: `Bearer ${accessToken(0)}`, "content-type": "application/json" },
    body: body === undefined || typeof body === "string" ? body : JSON.stringify(body),
  });
  const text = await answer.text();
  return { status: answer.status, json: text ? JSON.parse(text) : null };
}

/** @param {Arena} arena */
async function checkEdit({ running, upstream, settle }) {
  await upstream.call("reset", 0);
  const [edit] = edits(1);
  const { status, json } = await send(running.port, "PATCH", "/api/profile", edit);
  assert.equal(status, 200, JSON.stringify(json));
  assert.equal(json.message, "Profile updated successfully");
  assert.equal(json.profile.id, userId(0));
  assert.ok(!("resume_embedding" in json.profile), "no answer carries the vector");
  await settle();
  const { counters, lastText } = await upstream.call("state");
  assert.equal(counters.AI?.calls, 1, "one AI call for an edit");
  assert.equal(lastText, TEXT, "the text that is embedded");
  const log = `Successfully updated resume embedding for user ${userId(0)}`;
  assert.ok(running.log().includes(log), `it logs "${log}"`);
}

/** @param {Arena} arena */
async function checkRefusals({ contender, running }) {
  const [forged] = forgedEdits();
  assert.equal((await send(running.port, "PATCH", "/api/profile", forged)).status, 401);
  if (!contender.validates) return;
  const anonymous = await send(running.port, "GET", "/api/profile", { headers: {} });
  assert.equal(anonymous.status, 401);
  assert.equal(anonymous.json.code, "MISSING_AUTH_HEADER");
  const [invalid] = invalidEdits();
  const { status, json } = await send(running.port, "PATCH", "/api/profile", invalid);
  assert.equal(status, 400);
  assert.equal(json.error, "Invalid profile data");
  const paths = new Set(json.details.map((/** @type {any} */ { path }) => String(path)));
  assert.deepEqual(paths, new Set(["first_name", "phone", "photo_url", "current_title"]));
  assert.equal((await send(running.port, "PATCH", "/api/profile", { body: "{" })).status, 400);
  assert.equal((await send(running.port, "GET", "/api/nothing")).status, 404);
}

/** @param {Arena} arena */
async function checkRoutes({ running: { port }, settle }) {
  assert.equal((await send(port, "GET", "/api/profile")).json.profile.id, userId(0));
  const collections = [
    {
      path: "work-experience",
      one: "experience",
      many: "experiences",
      title: "Work experience",
      row: EXPERIENCES[0],
    },
    { path: "skills", one: "skill", many: "skills", title: "Skill", row: SKILLS[0] },
  ];
  for (const { path, one, many, title, row } of collections) {
    const { id, ...body } = /** @type {any} */ (row);
    const base = `/api/profile/${path}`;
    const added = await send(port, "POST", base, { body });
    assert.equal(added.status, 201, JSON.stringify(added.json));
    assert.equal(added.json.message, `${title} added successfully`);
    assert.equal(added.json[one].id, id);
    for (const method of ["PUT", "PATCH"]) {
      const { status, json } = await send(port, method, `${base}/${id}`, { body });
      assert.equal(status, 200, JSON.stringify(json));
      assert.equal(json.message, `${title} updated successfully`);
    }
    assert.ok((await send(port, "GET", base)).json[many].length > 1);
    assert.equal((await send(port, "GET", `${base}/${id}`)).json[one].id, id);
    assert.equal((await send(port, "DELETE", `${base}/${id}`)).json.message, `${title} deleted successfully`);
  }
  await settle();
}

/** @param {Arena} arena */
export async function checkBehaviour(arena) {
  const { contender, running } = arena;
  try {
    assert.equal((await send(running.port, "GET", "/health")).status, 200);
    await checkEdit(arena);
    await checkRefusals(arena);
    if (contender.validates) await checkRoutes(arena);
  } catch (error) {
    const { message } = /** @type {Error} */ (error);
    throw new Error(`${contender.name} does not behave as the others: ${message}\n${running.log().slice(-2000)}`, {
      cause: error,
    });
  }
}
