// What a backfill prints: a header, a progress bar on a terminal and plain lines elsewhere, failures as they happen, and
// a summary; or, as JSON, one object per user and the summary.
import { styleText } from "node:util";
import progress from "cli-progress";

// Often enough to see that it lives, seldom enough for a log that is kept.
const PLAIN_INTERVAL_MS = 2_000;

/** @typedef {import("./backfill-client.mjs").UserLine} UserLine */
/** @typedef {import("./backfill-options.mjs").Options} Options */
/** @typedef {ReturnType<typeof createOutput>} Output */

/** @param {number} seconds */
function duration(seconds) {
  const s = Math.round(seconds);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}

/** @param {number} count */
const grouped = (count) => count.toLocaleString("en-US");

/** @param {Options} options @param {string} provider as the worker's /health says */
function headerLines(options, provider) {
  const { workerUrl, vars } = options;
  const work = [
    options.dryRun && "dry run",
    options.force && "everyone, stale or not",
    options.limit !== null && `at most ${grouped(options.limit)} users`,
    options.after && `after ${options.after}`,
  ].filter(Boolean);
  return [
    ["Worker", workerUrl ?? `started here, for ${vars.SUPABASE_URL}`],
    ["Embeddings", provider],
    ["Batch size", String(options.batchSize)],
    ["Users", work.length ? work.join(", ") : "those whose embedding is stale"],
  ].map(([name, value]) => `${name.padEnd(12)}${value}`);
}

/** @param {Options} options */
function describeProvider({ workerUrl, vars }, /** @type {string} */ provider) {
  if (provider === "mock") return "MOCK (word hashing in the worker, no model)";
  const api = provider === "rest" ? "Workers AI, through its REST API" : "Workers AI";
  return workerUrl ? api : `${api}, account ${vars.CLOUDFLARE_ACCOUNT_ID}`;
}

/** @param {Options} options */
export function createOutput(options) {
  const { json, quiet } = options;
  const terminal = Boolean(process.stdout.isTTY) && !json && !quiet;
  const counts = { success: 0, skipped: 0, failed: 0 };
  let started = Date.now();
  let total = /** @type {number | null} */ (null);
  let plainAt = 0;
  let bar = /** @type {import("cli-progress").default["MultiBar"]["prototype"] | null} */ (null);
  let task = /** @type {ReturnType<NonNullable<typeof bar>["create"]> | null} */ (null);

  const processed = () => counts.success + counts.skipped + counts.failed;
  const secondsPassed = () => Math.max((Date.now() - started) / 1000, 0.001);
  /** @param {string} text */
  const say = (text) => (bar ? bar.log(`${text}\n`) : console.log(text));
  /** @param {string} text */
  const warn = (text) => (bar ? bar.log(`${text}\n`) : console.error(text));

  const speed = () => {
    const rate = processed() / secondsPassed();
    const left = total !== null && rate > 0 ? `, ${duration((total - processed()) / rate)} left` : "";
    return `${rate < 10 ? rate.toFixed(1) : grouped(Math.round(rate))} users/s${left}`;
  };

  const showProgress = () => {
    if (terminal) {
      task?.update(processed(), { speed: speed() });
    } else if (!json && !quiet && Date.now() - plainAt >= PLAIN_INTERVAL_MS) {
      plainAt = Date.now();
      console.log(`${grouped(processed())}${total === null ? "" : ` of ${grouped(total)}`} users, ${speed()}`);
    }
  };

  const openBar = () => {
    if (!terminal || bar) return;
    const format = total === null ? "{value} users  {speed}" : "{bar} {percentage}%  {value}/{total}  {speed}";
    bar = new progress.MultiBar({
      format,
      hideCursor: true,
      gracefulExit: false,
      barsize: 30,
      barCompleteChar: "█",
      barIncompleteChar: "░",
      stream: process.stdout,
    });
    task = bar.create(total ?? 0, 0, { speed: "" });
  };

  const closeBar = () => {
    bar?.stop();
    bar = null;
  };

  return {
    counts,
    warn,
    closeBar,
    /** @param {string} provider */
    header(provider) {
      started = Date.now();
      if (!json && !quiet) console.log(`${headerLines(options, describeProvider(options, provider)).join("\n")}\n`);
      if (provider !== "mock" || options.dryRun) return;
      const text =
        "WARNING: the MOCK provider is in use. Its vectors replace those of the model and mean nothing to it." +
        (options.workerUrl ? "" : "\nSet CLOUDFLARE_ACCOUNT_ID and CLOUDFLARE_API_TOKEN to embed through Workers AI.");
      console.error(`${process.stderr.isTTY ? styleText(["bold", "yellow"], text) : text}\n`);
    },
    /** @param {number} count */
    setTotal(count) {
      total = count;
      openBar();
      task?.setTotal(count);
    },
    /** @param {UserLine[]} users */
    batch(users) {
      openBar();
      for (const user of users) {
        counts[user.status] += 1;
        const failed = user.status === "failed";
        if (json && (!quiet || failed)) console.log(JSON.stringify(user));
        else if (!json && failed) say(`failed  ${user.user_id}  ${user.reason ?? ""}`);
      }
      showProgress();
    },
    /** @param {{ done: boolean, after: string | null }} outcome */
    summary({ done, after }) {
      closeBar();
      const all = { total: total ?? processed(), processed: processed(), ...counts };
      if (json) {
        console.log(JSON.stringify({ summary: { ...all, done, next: done ? null : after } }));
        return;
      }
      const lines = Object.entries(all).map(([name, count]) => `${name.padEnd(12)}${grouped(count)}`);
      console.log(`${quiet ? "" : "\n"}${lines.join("\n")}\n${"time".padEnd(12)}${duration(secondsPassed())}`);
    },
  };
}
