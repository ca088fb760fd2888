// `npm run backfill`: embeds everyone who is stale, through POST /api/admin/backfill of the deployed worker, or of this
// worker started here.
import { checkSupabase, checkWorker } from "./lib/backfill-checks.mjs";
import { runBackfill } from "./lib/backfill-client.mjs";
import { HELP, readBackfillOptions, resumeCommand } from "./lib/backfill-options.mjs";
import { Output } from "./lib/backfill-output.mjs";
import { requireNode, runCommand, stopSignal } from "./lib/cli.mjs";

// The output has a line for each of these already.
const TOLD = /^\[Embeddings\] (Failed to update user embedding|Skipped user) /;

/** @typedef {import("./lib/backfill-options.mjs").Options} Options */

/**
 * The worker to drive.
 * @param {Options} options
 * @param {Output} output
 * @returns {Promise<import("./lib/local-worker.mjs").LocalWorker>}
 */
async function openWorker({ workerUrl, vars }, output) {
  if (workerUrl !== null) return { url: workerUrl, close: async () => {}, killGroup() {} };
  requireNode();
  await checkSupabase(vars);
  const { startLocalWorker } = await import("./lib/local-worker.mjs");
  return startLocalWorker(vars, (level, text) => {
    if ((level === "warn" || level === "error") && !TOLD.test(text)) output.warn(text);
  });
}

/** @param {Options} options */
async function run(options) {
  const output = new Output(options);
  /** @type {import("./lib/local-worker.mjs").LocalWorker | undefined} */
  let worker;
  const stop = stopSignal(() => {
    output.closeBar();
    worker?.killGroup();
  });
  try {
    worker = await openWorker(options, output);
    output.header(await checkWorker(worker.url));
    stop.addEventListener("abort", () => output.warn("Stopping after the current batch; once more to stop at once."));
    const outcome = await runBackfill({
      url: worker.url,
      key: options.key,
      options,
      stop,
      onTotal: (total) => output.setTotal(total),
      onBatch: (users) => output.batch(users),
      onRetry: (reason, ms) => output.warn(`Trying again in ${Math.round(ms / 1000)} s: ${reason}`),
    });
    output.summary(outcome);
    if (outcome.error) console.error(`\nGiven up: ${outcome.error}.`);
    if (!outcome.done) console.error(`\nTo go on:\n  ${resumeCommand(options, outcome)}`);
    return outcome.error || output.counts.failed > 0 ? 1 : 0;
  } finally {
    output.closeBar();
    await worker?.close();
  }
}

await runCommand(async () => {
  const options = readBackfillOptions(process.argv.slice(2), process.env);
  if (options !== "help") return run(options);
  process.stdout.write(HELP);
  return 0;
});
