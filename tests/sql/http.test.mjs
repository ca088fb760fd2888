// The embedded Supabase as the worker sees it: answers over HTTP like a hosted project's.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { addUsers, signIn, startSupabase } from "../../scripts/supabase.mjs";
import { createFetch, takeTurns } from "../../scripts/lib/supabase-http.mjs";
import { restClient } from "./support.mjs";

/** @type {import("./support.mjs").Supabase} */
let supabase;
/** @type {string[]} */
const logged = [];

before(async () => {
  supabase = await startSupabase({ seed: true, logger: (line) => logged.push(line) });
});
after(() => supabase.close());

async function ada() {
  const user = await signIn(supabase.url, supabase.anonKey, "ada@example.com", "password123");
  return { ...user, rest: restClient(supabase, user.token) };
}

describe("the combined read", () => {
  const SELECT =
    "select=id,current_title,professional_summary," +
    "resume_embedding_state(revision,embedded_revision,model,text_hash,attempts)," +
    "work_experience(position,company,description),skills(name)" +
    "&work_experience.order=start_date.desc.nullslast,id&skills.order=name,id";

  test("gives profile, state, positions newest first and skills by name in one request", async () => {
    const { id } = await ada();
    const service = restClient(supabase, supabase.serviceRoleKey);
    const { status, body } = await service("GET", `users?${SELECT}&id=in.(${id})`);
    assert.equal(status, 200);
    assert.deepEqual(body, [
      {
        id,
        current_title: "Data engineer",
        professional_summary: "Builds pipelines that turn event streams into tables which analysts trust.",
        resume_embedding_state: {
          revision: 4,
          embedded_revision: 0,
          model: null,
          text_hash: null,
          attempts: 0,
        },
        work_experience: [
          {
            position: "Senior data engineer",
            company: "Analytical Engines",
            description: "Moved nightly batches to streaming, with late events handled.",
          },
          {
            position: "Data analyst",
            company: "Babbage & Sons",
            description: "Reports for a factory, in SQL and Python.",
          },
        ],
        skills: [{ name: "Kafka" }, { name: "PostgreSQL" }, { name: "Python" }],
      },
    ]);
  });

  test("takes a hundred ids and gives empty lists to empty profiles", async () => {
    const users = await addUsers(supabase, 100);
    const ids = users.map((user) => user.id);
    const service = restClient(supabase, supabase.serviceRoleKey);
    const { body } = await service("GET", `users?${SELECT}&id=in.(${ids.join(",")})`);
    assert.deepEqual(body.map((/** @type {any} */ row) => row.id).sort(), ids);
    assert.deepEqual([body[0].work_experience, body[0].skills], [[], []]);
  });
});

describe("an edit", () => {
  test("that repeats a skill in another case is a conflict", async () => {
    const { id, rest } = await ada();
    const { status, body } = await rest("POST", "skills", { user_id: id, name: "pYTHON" });
    assert.deepEqual([status, body.code], [409, "23505"]);
    assert.ok(
      logged.some((line) => line.includes("skills_name_unique_per_user")),
      "and is logged in one line",
    );
  });

  const long = (/** @type {number} */ length) => "é".repeat(length);
  /** @type {[string, string, Record<string, unknown>][]} */
  const violations = [
    ["users_first_name_length", "users", { first_name: long(101) }],
    ["users_last_name_length", "users", { last_name: long(101) }],
    ["users_phone_length", "users", { phone: long(33) }],
    ["users_location_length", "users", { location: long(201) }],
    ["users_linkedin_url_length", "users", { linkedin_url: long(301) }],
    ["users_photo_url_length", "users", { photo_url: `https://${long(2041)}` }],
    ["users_photo_url_scheme", "users", { photo_url: "javascript:alert(1)" }],
    ["users_current_title_length", "users", { current_title: long(201) }],
    ["users_professional_summary_length", "users", { professional_summary: long(10001) }],
    ["work_experience_position_length", "work_experience", { position: long(201) }],
    ["work_experience_position_length", "work_experience", { position: "  " }],
    ["work_experience_company_length", "work_experience", { company: long(201) }],
    ["work_experience_company_length", "work_experience", { company: "" }],
    ["work_experience_description_length", "work_experience", { description: long(10001) }],
    ["work_experience_end_date_after_start_date", "work_experience", { end_date: "2000-01-01" }],
    ["work_experience_current_has_no_end_date", "work_experience", { is_current: true, end_date: "2024-01-01" }],
    ["skills_name_length", "skills", { name: long(101) }],
    ["skills_name_length", "skills", { name: " " }],
    ["skills_level_known", "skills", { level: "guru" }],
  ];
  for (const [constraint, table, change] of violations) {
    test(`beyond ${constraint} is refused by name: ${JSON.stringify(change).slice(0, 40)}`, async () => {
      const { id, rest } = await ada();
      const path = table === "users" ? `users?id=eq.${id}` : `${table}?user_id=eq.${id}&limit=1`;
      const { status, body } = await rest("PATCH", path, change);
      assert.deepEqual([status, body.code], [400, "23514"]);
      assert.match(body.message, new RegExp(`violates check constraint "${constraint}"$`));
    });
  }

  test("at the limits is taken", async () => {
    const { id, rest } = await ada();
    const profile = {
      first_name: long(100),
      phone: long(32),
      linkedin_url: "linkedin.com/in/ada",
      photo_url: "HTTPS://example.com/ada.png",
      professional_summary: long(10000),
    };
    assert.equal((await rest("PATCH", `users?id=eq.${id}`, profile)).status, 200);
    const position = { user_id: id, position: long(200), company: "C", start_date: "2024-02-29" };
    const added = await rest("POST", "work_experience", { ...position, end_date: "2024-02-29" });
    assert.equal(added.status, 201);
    assert.equal((await rest("POST", "skills", { user_id: id, name: long(100), level: null })).status, 201);
    assert.match(added.body[0].created_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00$/);
  });

  test("to a date that is none, or without a required column, is refused", async () => {
    const { id, rest } = await ada();
    const position = { user_id: id, position: "P", company: "C", start_date: "2024-02-30" };
    const impossible = await rest("POST", "work_experience", position);
    assert.deepEqual([impossible.status, impossible.body.code], [400, "22008"]);
    const incomplete = await rest("POST", "work_experience", { user_id: id, position: "P", company: "C" });
    assert.deepEqual([incomplete.status, incomplete.body.code], [400, "23502"]);
  });
});

describe("starting", () => {
  test("lets every seed account sign in", async () => {
    for (const name of ["ada", "grace", "linus"]) {
      const { id } = await signIn(supabase.url, supabase.anonKey, `${name}@example.com`, "password123");
      const { rows } = await supabase.db.query("select email from users where id = $1", [id]);
      assert.deepEqual(rows, [{ email: `${name}@example.com` }]);
    }
  });

  test("on a port in use fails with one clear sentence", async () => {
    const port = Number(new URL(supabase.url).port);
    await assert.rejects(startSupabase({ port }), {
      message: `Port ${port} on 127.0.0.1 is in use: stop what listens there, or choose another port.`,
    });
  });

  test("answers nothing but the two APIs", async () => {
    for (const path of ["/", "/_system/config", "/rest/v2/users", "/storage/v1/bucket"]) {
      assert.equal((await fetch(supabase.url + path)).status, 404, path);
    }
  });

  test("gives the well-known local keys for the local secret", async () => {
    const [, payload] = supabase.serviceRoleKey.split(".");
    const claims = JSON.parse(Buffer.from(payload, "base64url").toString());
    assert.deepEqual(claims, { iss: "supabase-demo", role: "service_role", exp: 1983812996 });
    assert.ok(supabase.anonKey.endsWith(".CRXP1A7WOeoJeXxjNni43kdQwgnWNReilDMblYTn_I0"));
  });
});

describe("taking turns", () => {
  test("keeps a request's role from other requests and from the caller's SQL", async () => {
    const session = supabase.db;
    const { exclusive, db } = takeTurns(session);
    const whoAmI = "select current_user as role";
    const handle = createFetch(
      async (request) => {
        await session.exec("begin");
        await session.exec(`set local role ${new URL(request.url).searchParams.get("role")}`);
        const { rows } = await session.query(whoAmI);
        await session.exec("commit");
        return Response.json(rows);
      },
      exclusive,
      () => {},
    );
    const roles = Array.from({ length: 12 }, (_, i) => ["anon", "authenticated", "service_role"][i % 3]);
    const answers = await Promise.all(
      roles.flatMap((role) => [
        handle(new Request(`http://localhost/rest/v1/?role=${role}`)).then((response) => response.json()),
        db.query(whoAmI).then(({ rows }) => rows),
      ]),
    );
    assert.deepEqual(
      answers,
      roles.flatMap((role) => [[{ role }], [{ role: "postgres" }]]),
    );
  });
});
