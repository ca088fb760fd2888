// The run as a table of text and as JSON.
import { readFileSync } from "node:fs";
import { cpus, release, type } from "node:os";
import { projectPath } from "./contenders.mjs";
import { judge, toldApart } from "./targets.mjs";

const PACKAGES = ["workerd", "miniflare", "wrangler", "hono", "zod", "jose", "@supabase/supabase-js"];

/** Metric, title, decimals. @type {[string, string, number][]} */
const ROWS = [
  ["edit_cpu", "CPU per edit, 16 connections (us)", 0],
  ["edits_per_second", "edits a second, 16 connections", 0],
  ["p50_1_0", "p50, 1 connection, 0 ms (ms)", 2],
  ["p99_1_0", "p99, 1 connection, 0 ms (ms)", 2],
  ["p50_16_0", "p50, 16 connections, 0 ms (ms)", 2],
  ["p99_16_0", "p99, 16 connections, 0 ms (ms)", 2],
  ["p50_1_20", "p50, 1 connection, 20 ms (ms)", 1],
  ["p99_1_20", "p99, 1 connection, 20 ms (ms)", 1],
  ["p50_16_20", "p50, 16 connections, 20 ms (ms)", 1],
  ["p99_16_20", "p99, 16 connections, 20 ms (ms)", 1],
  ["invalid_cpu", "CPU per validation failure (us)", 0],
  ["forged_cpu", "CPU per forged token (us)", 0],
  ["subrequests", "subrequests per edit", 2],
  ["ai_calls", "AI calls per edit", 2],
  ["upload", "upload, gzipped (KiB)", 1],
  ["cold_start", "cold start to the first edit (ms)", 0],
  ["cold_cpu", "CPU of a cold start (ms)", 0],
  ["memory", "resident memory after the edits (MiB)", 0],
  ["backfill_rate", "backfill (users a second)", 1],
];

const SCALE = /** @type {Record<string, number>} */ ({ upload: 1024, memory: 1024 * 1024 });

/** @param {import("./stats.mjs").Summary | undefined} summary @param {string} metric @param {number} digits */
function cell(summary, metric, digits) {
  if (!summary) return "";
  const scale = SCALE[metric] ?? 1;
  const show = (/** @type {number} */ value) => (value / scale).toFixed(digits);
  const { median, min, max } = summary;
  return min === max ? show(median) : `${show(median)} (${show(min)}–${show(max)})`;
}

/** @param {string[][]} rows the first one is the head */
function columns(rows) {
  const width = (/** @type {number} */ i) => Math.max(...rows.map((row) => row[i]?.length ?? 0));
  return rows
    .map((row) =>
      row
        .map((text, i) => (i ? text.padStart(width(i)) : text.padEnd(width(i))))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** @param {import("./targets.mjs").Results} results */
export function metricsTable(results) {
  const names = Object.keys(results);
  const rows = ROWS.map(([metric, title, digits]) => [
    title,
    ...names.map((name) => cell(results[name]?.[metric], metric, digits)),
  ]).filter((row) => row.slice(1).some(Boolean));
  return columns([["median (lowest–highest round)", ...names], ...rows]);
}

/** @param {Record<string, import("./stats.mjs").Summary>} metrics @param {string} prefix */
function sizesOf(metrics, prefix) {
  const sizes = Object.keys(metrics).filter((metric) => metric.startsWith(prefix));
  return sizes.map((metric) => Number(metric.slice(prefix.length))).sort((a, b) => a - b);
}

const mebibytes = (/** @type {number | undefined} */ bytes) => (Number(bytes) / 1048576).toFixed(0);

/** Edits by connections, the backfill by users; empty when neither was measured. @param {import("./targets.mjs").Results} results */
export function scalingTable(results) {
  const edits = [["edits", "connections", "CPU us", "a second", "memory MiB"]];
  const backfill = [["backfill", "users", "seconds", "users a second", "CPU us a user", "memory MiB"]];
  for (const [name, metrics] of Object.entries(results)) {
    const value = (/** @type {string} */ metric) => Number(metrics[metric]?.median);
    for (const size of sizesOf(metrics, "scale_cpu_")) {
      const cells = [value(`scale_cpu_${size}`).toFixed(0), value(`scale_rate_${size}`).toFixed(0)];
      edits.push([name, String(size), ...cells, mebibytes(value(`scale_memory_${size}`))]);
    }
    for (const size of sizesOf(metrics, "backfill_ms_")) {
      const seconds = value(`backfill_ms_${size}`) / 1000;
      const cells = [seconds.toFixed(2), (size / seconds).toFixed(0), value(`backfill_cpu_${size}`).toFixed(0)];
      backfill.push([name, String(size), ...cells, mebibytes(value(`backfill_memory_${size}`))]);
    }
  }
  return [edits, backfill]
    .filter((rows) => rows.length > 1)
    .map(columns)
    .join("\n\n");
}

/** @param {number[]} ratios */
function spread(ratios) {
  return ratios.length > 1 ? `${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}` : "";
}

/** @param {import("./targets.mjs").Results} results */
export function targetsTable(results) {
  const rows = judge(results).map(({ title, against, ratio, rounds, limit, atLeast, met }) => [
    against ? `${title}, to ${against}` : title,
    ratio.toFixed(2),
    spread(rounds),
    `${atLeast ? "≥" : "≤"} ${limit}`,
    met ? "met" : "MISSED",
  ]);
  const notes = toldApart(results).map(({ text, total, share, ratio }) => {
    const without = Number.isNaN(ratio) ? "" : `; without, the ratio to hono is ${ratio.toFixed(2)}`;
    return `Of the ${total.toFixed(0)} ${text} ${share.toFixed(0)}${without}.`;
  });
  const cpu = (/** @type {string} */ name) => results[name]?.["edit_cpu"]?.median ?? NaN;
  const [more, ours] = [cpu("guarded") / cpu("floor"), cpu("worker") / cpu("guarded")];
  if (more && ours)
    notes.push(
      `The floor with every call bounded costs ${more.toFixed(2)} floors an edit, and this worker ${ours.toFixed(2)} of that.`,
    );
  return [columns([["ratio of medians", "ratio", "rounds", "target", ""], ...rows]), ...notes].join("\n\n");
}

/** @param {string} name @returns {string} */
function installedVersion(name) {
  return JSON.parse(readFileSync(projectPath(`node_modules/${name}/package.json`), "utf8")).version;
}

/**
 * @param {import("./targets.mjs").Results} results
 * @param {object} settings
 */
export function reportJson(results, settings) {
  return {
    machine: { cpu: cpus()[0]?.model, cores: cpus().length, system: `${type()} ${release()}` },
    versions: {
      node: process.version,
      ...Object.fromEntries(PACKAGES.map((name) => [name, installedVersion(name)])),
    },
    settings,
    results,
    ...Object.fromEntries(toldApart(results).map(({ name, share }) => [name, share])),
    targets: judge(results),
  };
}
