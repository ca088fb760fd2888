// What the upstream saw: calls by kind, and which users' edits still wait for their vector.

/** @type {Record<string, {calls: number, items: number}>} */
let counters = {};
let inFlight = 0;
/** Edited, and not read since. @type {Set<string>} */
const dirty = new Set();
/** Read for an update that has not stored its vector yet. @type {Set<string>} */
const reading = new Set();

/** @param {string} kind @param {number} [items] */
export function count(kind, items = 1) {
  const counter = (counters[kind] ??= { calls: 0, items: 0 });
  counter.calls++;
  counter.items += items;
}

export function began() {
  inFlight++;
}

export function ended() {
  inFlight--;
}

/** @param {string} id */
export function edited(id) {
  dirty.add(id);
}

/** @param {string} id */
export function read(id) {
  if (dirty.delete(id)) reading.add(id);
}

/** @param {string} id */
export function stored(id) {
  reading.delete(id);
}

export function reset() {
  counters = {};
  dirty.clear();
  reading.clear();
}

export function state() {
  return { counters, pending: inFlight + dirty.size + reading.size };
}
