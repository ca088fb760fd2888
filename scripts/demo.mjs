// `make demo`: the whole story of one profile on a stack of its own, on free ports and in memory, told step by step.
// Exits 0 when everything happened, and otherwise says what did not.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs, styleText } from "node:util";
import { readOptions, Refusal, requireNode, runCommand, stopSignal } from "./lib/cli.mjs";

const HELP = `Usage: make demo

Starts an embedded Supabase (in memory) and wrangler dev on free ports, signs a user up, edits the profile, reads the
embedding back from Postgres, compares it with others, deletes everything, and stops. Exits 0 when all of it happened.
`;

const DEADLINE_MS = 30_000;
const POLL_MS = 50;
const PROFILE = {
  first_name: "Mira",
  last_name: "Holm",
  current_title: "Backend engineer",
  professional_summary: "Writes services in C and keeps their Postgres databases fast.",
};
const EXPERIENCES = [
  {
    position: "Backend engineer",
    company: "Fjord Payments",
    description: "Payment services in C on Linux.",
    start_date: "2021-02-01",
    is_current: true,
  },
  {
    position: "Database developer",
    company: "Lantern Maps",
    description: "Postgres queries over map tiles.",
    start_date: "2018-05-01",
    end_date: "2021-01-31",
  },
];
const SKILLS = [
  { name: "C", level: "expert" },
  { name: "Postgres", level: "advanced" },
];
const OTHERS = [
  { who: "database engineer", professional_summary: "Database engineer: services in C, Postgres databases, Linux." },
  { who: "pastry chef", professional_summary: "Pastry chef: croissants, wedding cakes and a warm kitchen at five." },
];

/** @typedef {import("./lib/local-stack.mjs").LocalStack} LocalStack */
/** @typedef {import("./lib/wrangler-log.mjs").LogLine} LogLine */
/** @typedef {{ id: string, token: string }} Session */

const bold = (/** @type {string} */ text) => (process.stdout.isTTY ? styleText("bold", text) : text);
const dim = (/** @type {string} */ text) => (process.stdout.isTTY ? styleText("dim", text) : text);

let steps = 0;
/** @param {string} title */
const step = (title) => console.log(`\n${bold(`${String(++steps).padStart(2)}. ${title}`)}`);
/** @param {string} name @param {string} value */
const fact = (name, value) => console.log(`    ${name.padEnd(14)}${value}`);

/**
 * Asks until the answer is truthy.
 * @template T
 * @param {string} what for the message when it never is
 * @param {() => Promise<T> | T} probe
 * @returns {Promise<NonNullable<T>>}
 */
async function waitFor(what, probe) {
  const end = Date.now() + DEADLINE_MS;
  for (;;) {
    const answer = await probe();
    if (answer) return answer;
    if (Date.now() > end) throw new Refusal(`This did not happen within ${DEADLINE_MS / 1000} s: ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** @param {boolean} happened @param {string} what */
function expect(happened, what) {
  if (!happened) throw new Refusal(`This did not happen: ${what}.`);
}

/** @param {LocalStack} stack */
function createStory({ supabase, worker }) {
  const query = async (/** @type {string} */ sql, /** @type {unknown[]} */ values) =>
    /** @type {any[]} */ ((await supabase.db.query(sql, values)).rows);
  return {
    query,
    /** The stored vector, once it reflects the latest revision. @param {Session} user */
    async embedding({ id }) {
      const done = () =>
        query(
          `select u.resume_embedding::text as vector, s.embedded_revision as revision
           from users u join resume_embedding_state s on s.user_id = u.id
           where u.id = $1 and s.embedded_revision = s.revision`,
          [id],
        );
      const [row] = await waitFor(`the embedding of user ${id} becomes fresh`, async () => {
        const rows = await done();
        return rows.length ? rows : null;
      });
      return {
        revision: Number(row.revision),
        vector: /** @type {number[] | null} */ (JSON.parse(row.vector ?? "null")),
      };
    },
    /**
     * @param {Session} user
     * @param {string} method
     * @param {string} path
     * @param {unknown} [body]
     */
    async call({ token }, method, path, body) {
      const started = performance.now();
      const response = await fetch(worker.url + path, {
        method,
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        body: body === undefined ? undefined : JSON.stringify(body),
      });
      const answer = /** @type {any} */ (await response.json());
      const took = `${Math.round(performance.now() - started)} ms`;
      if (method !== "GET") fact(`${method}`, `${path} → ${response.status} ${answer.message ?? ""} ${dim(took)}`);
      expect(
        response.ok,
        `${method} ${path} is answered with success (it was ${response.status}: ${JSON.stringify(answer)})`,
      );
      return answer;
    },
  };
}

/** @param {number[] | null} vector */
const firstNumbers = (vector) =>
  vector
    ? `[${vector
        .slice(0, 6)
        .map((x) => x.toFixed(4))
        .join(", ")}, … ]`
    : "NULL";

/** Prints what the worker has logged of embeddings, up to the line awaited. @param {string[]} log @param {string} awaited */
async function showLog(log, awaited) {
  await waitFor(`the log says "${awaited}"`, () => log.some((line) => line.startsWith(awaited)));
  for (const line of log.splice(0)) {
    if (line.startsWith("[Embeddings]")) console.log(`    ${dim(line)}`);
  }
}

/** @param {LocalStack} stack @param {string[]} log */
async function tell(stack, log) {
  const { supabase } = stack;
  const { signUp } = await import("./supabase.mjs");
  const story = createStory(stack);

  step("A new user signs up with Supabase");
  const email = "mira@example.com";
  const mira = await signUp(supabase.url, supabase.anonKey, email, "password123");
  fact("User", `${email} (${mira.id})`);
  const { profile } = await story.call(mira, "GET", "/api/profile");
  expect(profile.email === email, "the profile of the new account can be read");

  step("The profile, two positions and two skills are edited; each answer comes at once");
  await story.call(mira, "PATCH", "/api/profile", PROFILE);
  for (const experience of EXPERIENCES) await story.call(mira, "POST", "/api/profile/work-experience", experience);
  for (const skill of SKILLS) await story.call(mira, "POST", "/api/profile/skills", skill);

  step("Behind the answers, the worker embeds the profile: its log");
  const before = await story.embedding(mira);
  await showLog(log, `[Embeddings] Successfully updated resume embedding for user ${mira.id}`);

  step("What Postgres holds now");
  fact("Vector", firstNumbers(before.vector));
  fact("Dimensions", String(before.vector?.length));
  expect(before.vector?.length === 768, "the stored vector has 768 dimensions");
  const status = (await story.call(mira, "GET", "/api/profile/embedding")).status;
  fact("Status", `${status}, revision ${before.revision}`);
  expect(status === "fresh", `the status route says fresh (it said ${status})`);

  step("Another edit: the vector follows");
  await story.call(mira, "PATCH", "/api/profile", { current_title: "Principal database engineer" });
  const after = await story.embedding(mira);
  await showLog(log, `[Embeddings] Successfully updated resume embedding for user ${mira.id}`);
  const [{ distance }] = await story.query("select resume_embedding <=> $2 as distance from users where id = $1", [
    mira.id,
    JSON.stringify(before.vector),
  ]);
  fact("Vector", firstNumbers(after.vector));
  fact("Changed", `${after.vector?.filter((x, i) => x !== before.vector?.[i]).length} of its numbers`);
  fact("Distance", `${distance.toFixed(4)} from the one before (cosine)`);
  expect(after.revision > before.revision && distance > 0, "the vector changed after the second edit");

  await match(stack, story, mira);
  log.length = 0;
  await clear(story, mira, log);
}

/** @param {LocalStack} stack @param {ReturnType<typeof createStory>} story @param {Session} mira */
async function match({ supabase }, story, mira) {
  const { signUp } = await import("./supabase.mjs");
  step("Two more people arrive; pgvector says who is nearest");
  /** @type {Map<string, string>} */
  const names = new Map();
  for (const { who, professional_summary } of OTHERS) {
    const other = await signUp(supabase.url, supabase.anonKey, `${who.replace(" ", "-")}@example.com`, "password123");
    names.set(other.id, who);
    await story.call(other, "PATCH", "/api/profile", { professional_summary });
    await story.embedding(other);
  }
  const nearest = await story.query(
    `select other.id, other.resume_embedding <=> me.resume_embedding as distance
     from users me join users other on other.id <> me.id where me.id = $1 order by distance`,
    [mira.id],
  );
  for (const { id, distance } of nearest) fact("Distance", `${distance.toFixed(4)}  ${names.get(id)}`);
  expect(nearest[0]?.id === [...names.keys()][0], "the database engineer is nearer than the pastry chef");
}

/** @param {ReturnType<typeof createStory>} story @param {Session} mira @param {string[]} log */
async function clear(story, mira, log) {
  step("Everything is deleted: nothing to embed, no vector");
  const { experiences } = await story.call(mira, "GET", "/api/profile/work-experience");
  const { skills } = await story.call(mira, "GET", "/api/profile/skills");
  for (const { id } of experiences) await story.call(mira, "DELETE", `/api/profile/work-experience/${id}`);
  for (const { id } of skills) await story.call(mira, "DELETE", `/api/profile/skills/${id}`);
  await story.call(mira, "PATCH", "/api/profile", { current_title: null, professional_summary: null });
  const { vector } = await story.embedding(mira);
  await showLog(log, `[Embeddings] Skipped user ${mira.id}: empty`);
  const { status } = await story.call(mira, "GET", "/api/profile/embedding");
  fact("Vector", firstNumbers(vector));
  fact("Status", status);
  expect(vector === null && status === "empty", "the vector of the emptied profile is cleared");
}

async function runDemo() {
  const started = Date.now();
  const folder = await mkdtemp(join(tmpdir(), "profile-embeddings-demo-"));
  /** @type {string[]} */
  const log = [];
  /** @type {LocalStack | undefined} */
  let stack;
  const signal = stopSignal(() => stack?.worker.killGroup());
  const { startLocalStack } = await import("./lib/local-stack.mjs");
  try {
    const envFile = join(folder, "empty.env");
    await writeFile(envFile, "");
    step("Starting an embedded Supabase and wrangler dev");
    stack = await startLocalStack({ stateDir: folder, envFile, onLine: ({ text }) => log.push(text), signal });
    fact("Supabase", stack.supabase.url);
    fact("Worker", stack.worker.url);
    const stopped = new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    const ended = stack.worker.exited.then(() => expect(false, "wrangler dev keeps running"));
    await Promise.race([tell(stack, log), stopped, ended]);
    console.log(`\n${bold("All of it happened")}, in ${Math.round((Date.now() - started) / 1000)} s.`);
    return 0;
  } catch (error) {
    if (signal.aborted) return 130;
    if (log.length) console.error(`\nThe worker's last lines:\n${log.slice(-20).join("\n")}\n`);
    throw error;
  } finally {
    await stack?.close();
    await rm(folder, { recursive: true, force: true });
  }
}

await runCommand(async () => {
  const { values } = readOptions(() => parseArgs({ options: { help: { type: "boolean", short: "h" } } }));
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  requireNode();
  return runDemo();
});
