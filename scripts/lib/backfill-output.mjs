// What a backfill prints: a header, a progress bar on a terminal and plain lines elsewhere, failures as they happen, and
// a summary; or, as JSON, one object per user and the summary.
import { styleText } from "node:util";
import progress from "cli-progress";

// Often enough to see that it lives, seldom enough for a log that is kept.
const PLAIN_INTERVAL_MS = 2_000;

/** @typedef {import("./backfill-client.mjs").UserLine} UserLine */
/** @typedef {import("./backfill-options.mjs").Options} Options */

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

export class Output {
  counts = { success: 0, skipped: 0, failed: 0 };
  /** @type {number | null} */
  #total = null;
  // Users who were to come and then were stale no more: another run, or this one before an answer broke off.
  #elsewhere = 0;
  #started = Date.now();
  #plainAt = 0;
  /** @type {InstanceType<typeof progress.MultiBar> | null} */
  #bars = null;
  /** @type {ReturnType<import("cli-progress").default["MultiBar"]["prototype"]["create"]> | null} */
  #bar = null;

  /** @param {Options} options */
  constructor(options) {
    this.options = options;
    this.wordy = !options.json && !options.quiet;
    this.terminal = this.wordy && Boolean(process.stdout.isTTY);
  }

  get processed() {
    return this.counts.success + this.counts.skipped + this.counts.failed;
  }

  get #seconds() {
    return Math.max((Date.now() - this.#started) / 1000, 0.001);
  }

  /** The configuration, and loudly the mock provider. @param {string} provider as the worker's /health says */
  header(provider) {
    const { options } = this;
    this.#started = Date.now();
    if (this.wordy) console.log(`${headerLines(options, describeProvider(options, provider)).join("\n")}\n`);
    if (provider !== "mock" || options.dryRun) return;
    const text =
      "WARNING: the MOCK provider is in use. Its vectors replace those of the model and mean nothing to it." +
      (options.workerUrl ? "" : "\nSet CLOUDFLARE_ACCOUNT_ID and CLOUDFLARE_API_TOKEN to embed through Workers AI.");
    console.error(`${process.stderr.isTTY ? styleText(["bold", "yellow"], text) : text}\n`);
  }

  /** @param {string} text */
  warn(text) {
    if (this.#bars) this.#bars.log(`${text}\n`);
    else console.error(text);
  }

  /** @param {number} count of all users, those processed included */
  setTotal(count) {
    this.#elsewhere += Math.max((this.#total ?? count) - count, 0);
    this.#total = count;
    this.#openBar();
    this.#bar?.setTotal(count);
  }

  /** @param {UserLine[]} users */
  batch(users) {
    const { json, quiet } = this.options;
    this.#openBar();
    for (const user of users) {
      this.counts[user.status] += 1;
      const failed = user.status === "failed";
      if (json && (!quiet || failed)) console.log(JSON.stringify(user));
      else if (!json && failed) this.#say(`failed  ${user.user_id}  ${user.reason ?? ""}`);
    }
    this.#showProgress();
  }

  /** @param {{ done: boolean, after: string | null }} outcome */
  summary({ done, after }) {
    this.closeBar();
    const { json, quiet } = this.options;
    const { counts, processed } = this;
    const all = {
      total: (this.#total ?? processed) + this.#elsewhere,
      processed,
      ...counts,
      ...(this.#elsewhere > 0 && { elsewhere: this.#elsewhere }),
    };
    if (json) {
      console.log(JSON.stringify({ summary: { ...all, done, next: done ? null : after } }));
      return;
    }
    const lines = Object.entries(all).map(([name, count]) => `${name.padEnd(12)}${grouped(count)}`);
    console.log(`${quiet ? "" : "\n"}${lines.join("\n")}\n${"time".padEnd(12)}${duration(this.#seconds)}`);
  }

  /** Gives the terminal back. */
  closeBar() {
    this.#bars?.stop();
    this.#bars = null;
    this.#bar = null;
  }

  /** @param {string} text */
  #say(text) {
    if (this.#bars) this.#bars.log(`${text}\n`);
    else console.log(text);
  }

  #openBar() {
    if (!this.terminal || this.#bars) return;
    const known = this.#total !== null;
    this.#bars = new progress.MultiBar({
      format: known ? "{bar} {percentage}%  {value}/{total}  {speed}" : "{value} users  {speed}",
      ...{ barsize: 30, barCompleteChar: "█", barIncompleteChar: "░" },
      ...{ hideCursor: true, gracefulExit: false, stream: process.stdout },
    });
    this.#bar = this.#bars.create(this.#total ?? 0, 0, { speed: "" });
  }

  #showProgress() {
    const { processed } = this;
    const rate = processed / this.#seconds;
    const left = this.#total !== null && rate > 0 ? `, ${duration((this.#total - processed) / rate)} left` : "";
    const speed = `${rate < 10 ? rate.toFixed(1) : grouped(Math.round(rate))} users/s${left}`;
    if (this.terminal) {
      this.#bar?.update(processed, { speed });
    } else if (this.wordy && Date.now() - this.#plainAt >= PLAIN_INTERVAL_MS) {
      this.#plainAt = Date.now();
      const total = this.#total === null ? "" : ` of ${grouped(this.#total)}`;
      console.log(`${grouped(processed)}${total} users, ${speed}`);
    }
  }
}
