// The plots: bars for what an edit costs, lines for how it scales.

/** @typedef {import("./targets.mjs").Results} Results */

const COLOURS = /** @type {Record<string, string>} */ ({
  hono: "#9aa3af",
  "hono-local": "#c3c9d1",
  floor: "#6b8fb5",
  worker: "#d9702b",
  "worker-queue": "#eba875",
  script: "#9aa3af",
});
const NAMES = Object.keys(COLOURS);
const LABEL_HEIGHT = 13;
const STYLE = "font-family: system-ui, sans-serif; font-size: 12px; fill: #1f2430";

const PANELS = [
  { metric: "edit_cpu", title: "CPU per profile edit, 16 connections", unit: "µs", scale: 1, digits: 0 },
  {
    metric: "p50_16_0",
    title: "Median answer, 16 connections, upstream 0 ms",
    unit: "ms",
    scale: 1,
    digits: 1,
  },
  {
    metric: "p50_16_20",
    title: "Median answer, 16 connections, upstream 20 ms",
    unit: "ms",
    scale: 1,
    digits: 1,
  },
  { metric: "subrequests", title: "Subrequests per edit", unit: "", scale: 1, digits: 2 },
  { metric: "upload", title: "Upload, gzipped", unit: "KiB", scale: 1024, digits: 1 },
  { metric: "cold_start", title: "Cold start to the first edit", unit: "ms", scale: 1, digits: 0 },
];

const escape = (/** @type {string} */ text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;");

/** @param {number} width @param {number} height @param {string} title @param {string[]} parts */
function svg(width, height, title, parts) {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"`,
    ` role="img" style="${STYLE}"><title>${escape(title)}</title>`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    ...parts,
    "</svg>\n",
  ].join("\n");
}

/** @param {number} x @param {number} y @param {string} text @param {string} [more] */
function label(x, y, text, more = "") {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${more}>${escape(text)}</text>`;
}

/** @param {Results} results @param {(typeof PANELS)[number]} panel @param {number} left @param {number} top */
function bars(results, { metric, title, unit, scale, digits }, left, top) {
  const entries = Object.entries(results).flatMap(([name, metrics]) => {
    const summary = metrics[metric];
    return summary && NAMES.includes(name) ? [{ name, value: summary.median / scale }] : [];
  });
  const most = Math.max(...entries.map(({ value }) => value), Number.MIN_VALUE);
  const parts = [label(left, top + 14, title, 'font-weight="600"')];
  entries.forEach(({ name, value }, row) => {
    const y = top + 26 + row * 20;
    const width = Math.max(1, (value / most) * 190);
    parts.push(
      label(left + 88, y + 11, name, 'text-anchor="end"'),
      `<rect x="${left + 94}" y="${y}" width="${width.toFixed(1)}" height="14" fill="${COLOURS[name] ?? "#888"}"/>`,
      label(left + 100 + width, y + 11, `${value.toFixed(digits)} ${unit}`.trim()),
    );
  });
  return parts;
}

/** @param {Results} results */
export function barsSvg(results) {
  const shown = PANELS.filter(({ metric }) => NAMES.some((name) => results[name]?.[metric]));
  const parts = shown.flatMap((panel, i) => bars(results, panel, 16 + (i % 2) * 390, 12 + Math.floor(i / 2) * 146));
  return svg(796, 24 + Math.ceil(shown.length / 2) * 146, "What a profile edit costs, side by side", parts);
}

/**
 * @typedef {{name: string, points: {x: number, y: number}[]}} Line
 */

/** @param {Results} results @param {string} prefix @param {number} scale @returns {Line[]} */
function lines(results, prefix, scale) {
  return Object.entries(results).flatMap(([name, metrics]) => {
    const points = Object.entries(metrics)
      .filter(([metric]) => metric.startsWith(prefix))
      .map(([metric, { median }]) => ({ x: Number(metric.slice(prefix.length)), y: median / scale }))
      .sort((a, b) => a.x - b.x);
    return points.length > 1 ? [{ name, points }] : [];
  });
}

/**
 * @param {{title: string, axis: string, unit: string, log?: boolean}} chart
 * @param {Line[]} drawn
 * @param {number} left
 * @param {number} top
 */
function lineChart({ title, axis, unit, log = false }, drawn, left, top) {
  const all = drawn.flatMap(({ points }) => points);
  const xs = [...new Set(all.map(({ x }) => x))].sort((a, b) => a - b);
  const most = Math.max(...all.map(({ y }) => y));
  const least = Math.min(...all.map(({ y }) => y));
  const [low, high] = [Math.log(/** @type {number} */ (xs[0])), Math.log(/** @type {number} */ (xs.at(-1)))];
  const px = (/** @type {number} */ x) => left + 20 + ((Math.log(x) - low) / (high - low)) * 250;
  const share = (/** @type {number} */ y) => (log ? Math.log(y / least) / Math.log(most / least || 2) : y / most);
  const py = (/** @type {number} */ y) => top + 150 - share(y) * 110;
  const parts = [label(left, top + 14, title, 'font-weight="600"')];
  parts.push(`<path d="M${left + 20} ${top + 30}V${top + 150}H${left + 280}" fill="none" stroke="#9aa3af"/>`);
  for (const x of xs) parts.push(label(px(x), top + 164, String(x), 'text-anchor="middle" font-size="10"'));
  parts.push(label(left + 150, top + 180, axis, 'text-anchor="middle" font-size="11"'));
  /** @type {{y: number, text: string}[]} */
  const ends = [];
  for (const { name, points } of drawn) {
    const colour = COLOURS[name] ?? "#888";
    const path = points.map(({ x, y }) => `${px(x).toFixed(1)} ${py(y).toFixed(1)}`).join(" L");
    parts.push(`<path d="M${path}" fill="none" stroke="${colour}" stroke-width="2"/>`);
    for (const { x, y } of points) {
      parts.push(`<circle cx="${px(x).toFixed(1)}" cy="${py(y).toFixed(1)}" r="2.5" fill="${colour}"/>`);
    }
    const last = /** @type {{x: number, y: number}} */ (points.at(-1));
    ends.push({ y: py(last.y), text: `${name} ${last.y.toFixed(last.y >= 100 ? 0 : 1)} ${unit}` });
  }
  let free = -Infinity;
  for (const { y, text } of ends.sort((a, b) => a.y - b.y)) {
    free = Math.max(free + LABEL_HEIGHT, y);
    parts.push(label(left + 278, free + 4, text, 'font-size="11"'));
  }
  return parts;
}

/** @param {Results} results */
export function scalingSvg(results) {
  const charts = [
    { prefix: "scale_cpu_", scale: 1, title: "CPU per edit", axis: "connections", unit: "µs" },
    { prefix: "scale_memory_", scale: 1048576, title: "Resident memory", axis: "connections", unit: "MiB" },
    {
      prefix: "backfill_ms_",
      scale: 1000,
      title: "Backfill, time (both axes logarithmic)",
      axis: "users",
      unit: "s",
      log: true,
    },
    {
      prefix: "backfill_memory_",
      scale: 1048576,
      title: "Backfill, resident memory",
      axis: "users",
      unit: "MiB",
    },
  ];
  const drawn = charts
    .map((chart) => ({ chart, data: lines(results, chart.prefix, chart.scale) }))
    .filter(({ data }) => data.length > 0);
  const parts = drawn.flatMap(({ chart, data }, i) =>
    lineChart(chart, data, 16 + (i % 2) * 440, 12 + Math.floor(i / 2) * 200),
  );
  return svg(896, 24 + Math.ceil(drawn.length / 2) * 200, "How edits and the backfill scale", parts);
}
