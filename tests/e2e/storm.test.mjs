// The storm: many users edit through several clients, with a queue and without, while a third of all calls to the model
// and to the database fail. Whatever was answered with success must be there in the end, and in the vectors.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { aiVector } from "../lib/ai.mjs";
import { vectorDistance } from "../lib/mock-embedding.mjs";
import { pick, seededRandom } from "../lib/random.mjs";
import { client, startStack } from "../lib/stack.mjs";
import { until } from "../lib/until.mjs";

const USERS = 300;
const EDITS = 3000;
const CLIENTS = 100;
const FAILING = 0.3;
const MAX_TRIES = 40;
const NEAR = 1e-6;
const SEED = Number(process.env.TEST_SEED ?? Date.now() % 1_000_000);
const PROFILE = "/api/profile";
const WORK = "/api/profile/work-experience";
const SKILLS = "/api/profile/skills";

/** @typedef {ReturnType<typeof client>} Api */
/** @typedef {import("../lib/stack.mjs").Answer} Answer */
/**
 * What a user has been told that the profile is.
 * @typedef {object} Person
 * @property {string} id
 * @property {() => Api} api of one of the workers
 * @property {Record<string, string | null>} profile
 * @property {Map<string, string>} skills name by id
 * @property {Map<string, string>} jobs company by id; a job's position is unique to it
 */

/** @type {import("../lib/stack.mjs").Stack} */
let stack;
/** @type {import("../lib/worker.mjs").Worker} */
let direct;
before(async () => {
  stack = await startStack({ queue: {}, fakeQueueTime: true, ownProcess: true });
  direct = await stack.addWorker();
});
after(() => stack.close());

/**
 * Sends until the answer is no fault of the storm's.
 * @param {() => Promise<Answer>} send
 * @returns {Promise<Answer>}
 */
async function insist(send) {
  for (let tries = 1; ; tries++) {
    const answer = await send();
    if (answer.status < 500) return answer;
    assert.equal(answer.body.code, "UPSTREAM_ERROR");
    assert.ok(tries < MAX_TRIES, `${tries} times ${answer.status}`);
  }
}

/** The rows of a list, as they are. @param {Person} person @param {string} path */
async function list(person, path) {
  const { status, body } = await insist(() => person.api().get(path));
  assert.equal(status, 200);
  return /** @type {any[]} */ (body.skills ?? body.experiences);
}

/** The kinds of edit; each ends when the user knows what has become of it. */
const kinds = {
  /** @param {Person} person @param {string} word */
  async profile(person, word) {
    const change = {
      current_title: `Title ${word}`,
      professional_summary: word.endsWith("3") ? null : `About ${word}`,
    };
    const { status } = await insist(() => person.api().patch(PROFILE, change));
    assert.equal(status, 200);
    Object.assign(person.profile, change);
  },
  /** @param {Person} person @param {string} word */
  async addSkill(person, word) {
    const name = `Skill ${word}`;
    const { status, body } = await insist(() => person.api().post(SKILLS, { name }));
    // 409: an attempt that was answered with an error had come through.
    assert.ok(status === 201 || status === 409, JSON.stringify(body));
    const skill = body.skill ?? (await list(person, SKILLS)).find((one) => one.name === name);
    person.skills.set(skill.id, name);
  },
  /** @param {Person} person @param {string} word */
  async renameSkill(person, word) {
    const [id] = person.skills.keys();
    if (!id) return kinds.addSkill(person, word);
    const { status } = await insist(() => person.api().patch(`${SKILLS}/${id}`, { name: `Renamed ${word}` }));
    assert.equal(status, 200);
    person.skills.set(id, `Renamed ${word}`);
  },
  /** @param {Person} person @param {string} word */
  async deleteSkill(person, word) {
    const [id] = person.skills.keys();
    if (!id) return kinds.addSkill(person, word);
    const { status } = await insist(() => person.api().delete(`${SKILLS}/${id}`));
    assert.ok(status === 200 || status === 404);
    person.skills.delete(id);
  },
  /** @param {Person} person @param {string} word */
  async addJob(person, word) {
    const body = { position: `Job ${word}`, company: "Acme", start_date: `20${10 + (word.length % 10)}-01-01` };
    for (;;) {
      const answer = await person.api().post(WORK, body);
      const rows = answer.status === 201 ? [answer.body.experience] : await list(person, WORK);
      const made = rows.find((one) => one.position === body.position);
      if (made) return void person.jobs.set(made.id, "Acme");
      assert.ok(answer.status >= 500, JSON.stringify(answer.body));
    }
  },
  /** @param {Person} person @param {string} word */
  async moveJob(person, word) {
    const [id] = person.jobs.keys();
    if (!id) return kinds.addJob(person, word);
    const { status } = await insist(() => person.api().put(`${WORK}/${id}`, { company: `Firm ${word}` }));
    assert.equal(status, 200);
    person.jobs.set(id, `Firm ${word}`);
  },
};

/** @param {Person} person */
async function assertNothingMissing({ id, profile, skills, jobs }) {
  const rows = async (/** @type {string} */ sql) =>
    /** @type {any[]} */ ((await stack.supabase.db.query(sql, [id])).rows);
  const [stored] = await rows("select current_title, professional_summary from users where id = $1");
  assert.deepEqual(stored, profile, id);
  const names = await rows("select id, name as value from skills where user_id = $1 order by id");
  const firms = await rows("select id, company as value from work_experience where user_id = $1 order by id");
  const sorted = (/** @type {Map<string, string>} */ map) =>
    [...map].map(([key, value]) => ({ id: key, value })).sort((a, b) => (a.id < b.id ? -1 : 1));
  assert.deepEqual(names, sorted(skills), id);
  assert.deepEqual(firms, sorted(jobs), id);
}

const staleCount = async () => {
  const sql = "select count(*) as n from resume_embedding_state where embedded_revision < revision";
  return Number(/** @type {any} */ ((await stack.supabase.db.query(sql)).rows[0]).n);
};

test(`${USERS} users, ${EDITS} edits, ${FAILING * 100} % of calls failing (TEST_SEED=${SEED})`, async (t) => {
  const random = seededRandom(SEED);
  const people = (await stack.users(USERS)).map(({ id, token }) => {
    const apis = [stack.worker, stack.worker, stack.worker, direct].map((worker) => client(worker, token));
    /** @type {Person} */
    const person = {
      id,
      api: () => pick(random, apis),
      profile: { current_title: null, professional_summary: null },
      skills: new Map(),
      jobs: new Map(),
    };
    return person;
  });

  stack.proxy.faults.storm(FAILING, { seed: SEED });
  stack.ai.faults.storm(FAILING, { seed: SEED + 1 });
  let left = EDITS;
  let over = false;
  /** A client works for a few users, one edit after the other for each. @param {Person[]} mine */
  const work = async (mine) => {
    while (left > 0) {
      const word = String(left--);
      await pick(random, Object.values(kinds))(pick(random, mine), word);
    }
  };
  const clock = async () => {
    while (!over) {
      await stack.worker.advanceQueue(3);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  const ticking = clock();
  const share = USERS / CLIENTS;
  await Promise.all(
    Array.from({ length: CLIENTS }, (_, i) => work(people.slice(Math.floor(i * share), Math.floor((i + 1) * share)))),
  );
  t.diagnostic(`${stack.proxy.calls.length} calls to Supabase, ${stack.proxy.faults.injected} of them failed`);
  t.diagnostic(`${stack.ai.calls.length} calls to Workers AI, ${stack.ai.faults.injected} of them failed`);
  assert.ok(stack.proxy.faults.injected > EDITS / 4 && stack.ai.faults.injected > 50);

  stack.proxy.faults.clear();
  stack.ai.faults.clear();
  over = true;
  await ticking;
  // Six deliveries, each after an hour at most, and a batch's waiting time in between.
  for (let i = 0; i < 12; i++) await stack.worker.advanceQueue(1801);
  t.diagnostic(`${await staleCount()} rows left to the sweeper`);
  await stack.age();
  await direct.sweep();
  await until("no row is stale", async () => (await staleCount()) === 0);

  for (const person of people) await assertNothingMissing(person);
  for (const { id } of people) {
    const text = await stack.text(id);
    assert.ok(vectorDistance(await stack.vector(id), text === "" ? null : aiVector(text)) < NEAR, `${id}: "${text}"`);
  }
});
