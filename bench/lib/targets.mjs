// Where this worker means to be: each row a ratio of medians in the same run.

/** @typedef {Record<string, Record<string, import("./stats.mjs").Summary>>} Results */

/**
 * @typedef {object} Target
 * @property {string} title
 * @property {string} contender
 * @property {string} metric
 * @property {string} against the contender that the ratio is to
 * @property {number} limit
 * @property {boolean} [atLeast] the ratio is to be at least the limit
 */

/** @param {number} connections @param {number} delay @returns {Target[]} */
function latency(connections, delay) {
  const limit = delay === 0 ? 0.4 : 0.55;
  return ["p50", "p99"].flatMap((which) => {
    const row = {
      title: `${which}, ${connections} connection${connections > 1 ? "s" : ""}, upstream ${delay} ms`,
      contender: "worker",
      metric: `${which}_${connections}_${delay}`,
    };
    return [
      { ...row, against: "hono", limit },
      { ...row, against: "hono-local", limit: 1 },
    ];
  });
}

/** @type {Target[]} */
export const TARGETS = [
  { title: "CPU per edit, direct", contender: "worker", metric: "edit_cpu", against: "hono", limit: 0.38 },
  { title: "CPU per edit, direct", contender: "worker", metric: "edit_cpu", against: "floor", limit: 1.08 },
  {
    title: "CPU per edit, queue",
    contender: "worker-queue",
    metric: "edit_cpu",
    against: "hono",
    limit: 0.3,
  },
  ...latency(1, 0),
  ...latency(16, 0),
  ...latency(1, 20),
  ...latency(16, 20),
  {
    title: "CPU per validation failure",
    contender: "worker",
    metric: "invalid_cpu",
    against: "hono",
    limit: 0.6,
  },
  { title: "CPU per forged token", contender: "worker", metric: "forged_cpu", against: "hono", limit: 0.6 },
  {
    title: "subrequests per edit, direct",
    contender: "worker",
    metric: "subrequests",
    against: "hono",
    limit: 0.5,
  },
  { title: "upload, gzipped", contender: "worker", metric: "upload", against: "hono", limit: 0.45 },
  { title: "cold start", contender: "worker", metric: "cold_start", against: "hono", limit: 0.5 },
  {
    title: "backfill, users a second",
    contender: "worker",
    metric: "backfill_rate",
    against: "script",
    limit: 50,
    atLeast: true,
  },
];

/** Figures that are judged by themselves. */
const ABSOLUTE = [
  { title: "AI calls per edit, direct", contender: "worker", metric: "ai_calls", limit: 1 },
  {
    title: "subrequests per edit, queue, burst",
    contender: "worker-queue",
    metric: "subrequests",
    limit: 1.1,
  },
];

/**
 * The ratio in each round: samples of the same round were taken next to each other.
 * @param {import("./stats.mjs").Summary | undefined} a
 * @param {import("./stats.mjs").Summary | undefined} b
 */
function roundRatios(a, b) {
  const others = b?.samples ?? [];
  return a?.samples.length === others.length ? a.samples.map((value, i) => value / Number(others[i])) : [];
}

/**
 * What a figure of this worker holds that no deployment would pay for, and its ratio to hono without that. The queue's
 * simulator and Miniflare, which stands before every subrequest: a worker that makes one call and sends a message, less
 * one in workerd alone that makes the call. The start of the runtime: a process with an empty worker.
 * @param {Results} results
 */
export function toldApart(results) {
  const value = (/** @type {string} */ name, /** @type {string} */ metric) => results[name]?.[metric]?.median ?? NaN;
  const simulator = value("queue-only", "edit_cpu") - value("fetch-only", "edit_cpu");
  const start = value("empty", "cold_start");
  const queue = { total: value("worker-queue", "edit_cpu"), hono: value("hono", "edit_cpu") };
  const cold = { total: value("worker", "cold_start"), hono: value("hono", "cold_start") };
  return [
    {
      name: "queue_simulator_cpu_us",
      text: "us per edit with the queue, Miniflare and its queue simulator take",
      total: queue.total,
      share: simulator,
      ratio: (queue.total - simulator) / queue.hono,
    },
    {
      name: "runtime_start_ms",
      text: "ms of a cold start, the empty runtime takes",
      total: cold.total,
      share: start,
      ratio: (cold.total - start) / (cold.hono - start),
    },
  ].filter(({ total, share }) => !Number.isNaN(total - share));
}

/**
 * The targets that the results can judge.
 * @param {Results} results
 */
export function judge(results) {
  const judged = [];
  for (const { title, contender, metric, against, limit, atLeast } of TARGETS) {
    const value = results[contender]?.[metric]?.median;
    const reference = results[against]?.[metric]?.median;
    if (value === undefined || reference === undefined) continue;
    const ratio = value / reference;
    const rounds = roundRatios(results[contender]?.[metric], results[against]?.[metric]);
    const met = atLeast ? ratio >= limit : ratio <= limit;
    judged.push({ title, against, value, reference, ratio, rounds, limit, atLeast: atLeast ?? false, met });
  }
  for (const { title, contender, metric, limit } of ABSOLUTE) {
    const value = results[contender]?.[metric]?.median;
    if (value === undefined) continue;
    judged.push({
      title,
      against: "",
      value,
      reference: 1,
      ratio: value,
      rounds: [],
      limit,
      atLeast: false,
      met: value <= limit,
    });
  }
  return judged;
}
