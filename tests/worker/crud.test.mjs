// Every route that reads or edits, against the database: status, message, body, and what PostgREST was asked.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { client, startStack } from "../lib/stack.mjs";
import { hs256, userClaims } from "../lib/tokens.mjs";

const UNKNOWN = "33333333-3333-4333-8333-333333333333";
const PROFILE = "/api/profile";
const WORK = "/api/profile/work-experience";
const SKILLS = "/api/profile/skills";

/** @type {import("../lib/stack.mjs").Stack} */
let stack;
/** @type {import("../lib/stack.mjs").User} */
let user;
/** @type {ReturnType<typeof client>} */
let api;

before(async () => {
  stack = await startStack({ vars: { EMBEDDING_PROVIDER: "mock" } });
  user = await stack.user();
  api = client(stack.worker, user.token);
});
after(() => stack.close());

/** @param {import("../lib/stack.mjs").Answer} answer @param {string} [message] */
function assertNotFound(answer, message) {
  assert.deepEqual([answer.status, answer.body.code, answer.body.statusCode], [404, "NOT_FOUND", 404]);
  if (message) assert.equal(answer.body.message, message);
}

describe("profile", () => {
  test("GET shows the fields and nothing of the embedding", async () => {
    const { status, body } = await api.get(PROFILE);
    assert.equal(status, 200);
    assert.deepEqual(Object.keys(body), ["profile"]);
    assert.deepEqual(body.profile, {
      id: user.id,
      email: user.email,
      first_name: null,
      last_name: null,
      phone: null,
      location: null,
      linkedin_url: null,
      photo_url: null,
      current_title: null,
      professional_summary: null,
    });
  });

  test("PUT and PATCH change what they name and answer the row", async () => {
    const first = await api.put(PROFILE, { first_name: "  Ada ", current_title: "Engineer", unknown: 1 });
    assert.equal(first.status, 200);
    assert.equal(first.body.message, "Profile updated successfully");
    assert.deepEqual([first.body.profile.first_name, first.body.profile.current_title], ["Ada", "Engineer"]);
    const second = await api.patch(PROFILE, { current_title: null, linkedin_url: "linkedin.com/in/ada" });
    const { first_name, current_title, linkedin_url } = second.body.profile;
    assert.deepEqual([first_name, current_title, linkedin_url], ["Ada", null, "linkedin.com/in/ada"]);
    assert.ok(!JSON.stringify(second.body).includes("embedding"));
  });

  test("texts keep their characters", async () => {
    const text = 'Zoë 😀 "quoted" \\ back\tslash\nline & <b> %00 \u2028 日本語';
    const { body } = await api.patch(PROFILE, { professional_summary: text });
    assert.equal(body.profile.professional_summary, text);
    assert.equal((await api.get(PROFILE)).body.profile.professional_summary, text);
  });

  test("the longest texts fit", async () => {
    const professional_summary = "ä".repeat(10_000);
    const { status, body } = await api.patch(PROFILE, { professional_summary });
    assert.deepEqual([status, body.profile?.professional_summary], [200, professional_summary]);
  });

  test("links with and without a scheme", async () => {
    const body = {
      linkedin_url: "https://www.linkedin.com/in/a-b?x=1#y",
      photo_url: "http://img.example.com:8080/ä.png",
    };
    assert.equal((await api.patch(PROFILE, body)).status, 200);
    assert.equal((await api.patch(PROFILE, { linkedin_url: "www.linkedin.com/in/a" })).status, 200);
  });

  test("columns that are not for users stay as they are", async () => {
    const before = await stack.vector(user.id);
    const answer = await api.patch(PROFILE, {
      id: UNKNOWN,
      email: "evil@example.com",
      resume_embedding: JSON.stringify(Array(768).fill(1)),
      location: "Bern",
    });
    assert.deepEqual([answer.status, answer.body.profile.id, answer.body.profile.email], [200, user.id, user.email]);
    assert.deepEqual(await stack.vector(user.id), before);
  });
});

describe("work experience", () => {
  const row = {
    position: "Engineer",
    company: "Acme",
    description: "Built things",
    start_date: "2020-01-02",
    end_date: "2021-03-04",
    is_current: false,
  };

  test("POST, GET, PUT, PATCH, DELETE", async () => {
    const created = await api.post(WORK, row);
    assert.deepEqual([created.status, created.body.message], [201, "Work experience added successfully"]);
    const { id, user_id, ...fields } = created.body.experience;
    assert.deepEqual([user_id, fields], [user.id, row]);
    assert.deepEqual((await api.get(`${WORK}/${id}`)).body, { experience: created.body.experience });
    const put = await api.put(`${WORK}/${id}`, { company: "Beta", description: null });
    assert.deepEqual([put.status, put.body.message], [200, "Work experience updated successfully"]);
    assert.deepEqual(put.body.experience, { ...created.body.experience, company: "Beta", description: null });
    const patched = await api.patch(`${WORK}/${id}`, { end_date: null, is_current: true });
    assert.deepEqual([patched.status, patched.body.experience.is_current], [200, true]);
    const deleted = await api.delete(`${WORK}/${id}`);
    assert.deepEqual([deleted.status, deleted.body], [200, { message: "Work experience deleted successfully" }]);
    assertNotFound(await api.delete(`${WORK}/${id}`), "Work experience not found");
  });

  test("the list is newest first", async () => {
    for (const start_date of ["2019-05-01", "2022-01-01", "2015-06-30"]) {
      await api.post(WORK, { position: "P", company: "C", start_date });
    }
    const { status, body } = await api.get(WORK);
    assert.equal(status, 200);
    const dates = body.experiences.map((/** @type {any} */ one) => one.start_date);
    assert.deepEqual(dates, ["2022-01-01", "2019-05-01", "2015-06-30"]);
  });

  test("rules that only the stored row can decide are 400 for their field", async () => {
    const { body } = await api.post(WORK, { ...row, is_current: false });
    const path = `${WORK}/${body.experience.id}`;
    for (const change of [{ end_date: "2019-01-01" }, { start_date: "2022-01-01" }, { is_current: true }]) {
      const answer = await api.patch(path, change);
      assert.equal(answer.status, 400, JSON.stringify(answer.body));
      assert.equal(answer.body.error, "Invalid work experience data");
      assert.deepEqual(
        answer.body.details.map((/** @type {any} */ one) => [one.code, one.path]),
        [["custom", ["end_date"]]],
      );
      assert.ok(!/violates|constraint/.test(JSON.stringify(answer.body)));
    }
  });
});

describe("skills", () => {
  test("POST, GET, PUT, PATCH, DELETE", async () => {
    const created = await api.post(SKILLS, { name: " C ", level: "expert" });
    assert.deepEqual([created.status, created.body.message], [201, "Skill added successfully"]);
    const { id } = created.body.skill;
    assert.deepEqual(created.body.skill, { id, user_id: user.id, name: "C", level: "expert" });
    assert.deepEqual((await api.get(`${SKILLS}/${id}`)).body.skill, created.body.skill);
    const changed = await api.patch(`${SKILLS}/${id}`, { level: null });
    assert.deepEqual([changed.status, changed.body.message], [200, "Skill updated successfully"]);
    assert.equal(changed.body.skill.level, null);
    assert.equal((await api.put(`${SKILLS}/${id}`, { name: "C17" })).body.skill.name, "C17");
    const deleted = await api.delete(`${SKILLS}/${id}`);
    assert.deepEqual([deleted.status, deleted.body], [200, { message: "Skill deleted successfully" }]);
    assertNotFound(await api.get(`${SKILLS}/${id}`), "Skill not found");
  });

  test("a duplicate is 409, whatever its case, at once and by renaming", async () => {
    await api.post(SKILLS, { name: "Rust" });
    const answer = await api.post(SKILLS, { name: "RUST" });
    assert.deepEqual([answer.status, answer.body.code, answer.body.statusCode], [409, "CONFLICT", 409]);
    assert.ok(!/violates|constraint|key/.test(answer.body.message));
    const other = await api.post(SKILLS, { name: "Zig" });
    assert.equal((await api.patch(`${SKILLS}/${other.body.skill.id}`, { name: "rust" })).status, 409);
  });

  test("the list is by name", async () => {
    const { status, body } = await api.get(SKILLS);
    assert.equal(status, 200);
    assert.deepEqual(
      body.skills.map((/** @type {any} */ one) => one.name),
      ["Rust", "Zig"],
    );
  });
});

describe("another user's row, an unknown id and a malformed id are the same 404", () => {
  for (const [path, message, create, change] of /** @type {const} */ ([
    [SKILLS, "Skill not found", { name: "Ada" }, { name: "Stolen" }],
    [WORK, "Work experience not found", { position: "P", company: "C", start_date: "2020-01-01" }, { company: "X" }],
  ])) {
    test(path, async () => {
      const stranger = client(stack.worker, (await stack.user()).token);
      const created = await stranger.post(path, create);
      const theirs = (created.body.skill ?? created.body.experience).id;
      const ids = [
        theirs,
        UNKNOWN,
        "1",
        "null",
        `${theirs}x`,
        `eq.${theirs}`,
        `${theirs}%26user_id=neq.x`,
        "%27%20or%20true",
      ];
      for (const id of ids) {
        assertNotFound(await api.get(`${path}/${id}`), message);
        assertNotFound(await api.patch(`${path}/${id}`, change), message);
        assertNotFound(await api.put(`${path}/${id}`, change), message);
        assertNotFound(await api.delete(`${path}/${id}`), message);
      }
      assert.equal((await stranger.get(`${path}/${theirs}`)).status, 200);
    });
  }

  test("a malformed id is not even asked for", async () => {
    const mark = stack.proxy.calls.length;
    await api.get(`${SKILLS}/x`);
    assert.deepEqual(stack.proxy.summary(mark), []);
  });
});

describe("a signed-in user without a row", () => {
  /** An account whose row is gone, as in a project where the trigger came later. */
  const rowless = async () => {
    const one = await stack.user();
    await stack.supabase.db.query("delete from users where id = $1", [one.id]);
    return { ...one, api: client(stack.worker, one.token) };
  };

  test("has no profile to read, and empty lists", async () => {
    const { api: theirs } = await rowless();
    assertNotFound(await theirs.get(PROFILE), "Profile not found");
    assert.deepEqual((await theirs.get(SKILLS)).body, { skills: [] });
    assert.equal((await theirs.get("/api/profile/embedding")).body.status, "empty");
  });

  for (const [what, edit] of /** @type {[string, (theirs: ReturnType<typeof client>) => Promise<any>][]} */ ([
    ["profile", (theirs) => theirs.patch(PROFILE, { current_title: "New" })],
    ["skill", (theirs) => theirs.post(SKILLS, { name: "C" })],
    ["position", (theirs) => theirs.post(WORK, { position: "P", company: "C", start_date: "2020-01-01" })],
  ])) {
    test(`gets one at the first ${what}, with the token's id and e-mail`, async () => {
      const { id, email, api: theirs } = await rowless();
      const answer = await edit(theirs);
      assert.ok([200, 201].includes(answer.status), JSON.stringify(answer.body));
      const { body } = await theirs.get(PROFILE);
      assert.deepEqual([body.profile.id, body.profile.email], [id, email]);
    });
  }

  test("also where the token has no e-mail", async () => {
    const { id } = await rowless();
    const token = hs256(userClaims(id, { email: undefined }), { secret: stack.supabase.jwtSecret });
    const { status, body } = await client(stack.worker, token).patch(PROFILE, { first_name: "A" });
    assert.deepEqual([status, body.profile.id, body.profile.email], [200, id, null]);
  });
});

test("reads and edits carry the user's token, and only the update the service-role key", () => {
  const { serviceRoleKey, anonKey } = stack.supabase;
  for (const { method, path, headers } of stack.proxy.calls) {
    const update = path.includes("/rpc/") || headers.apikey === serviceRoleKey;
    assert.equal(headers.apikey, update ? serviceRoleKey : anonKey);
    if (!update) assert.notEqual(headers.authorization, `Bearer ${serviceRoleKey}`);
    if (update) assert.ok(path.includes("/rpc/") || (method === "GET" && path === "/rest/v1/users"), path);
  }
});
