// Samples of several rounds, and what is said about them.

/** @typedef {{unit: string, median: number, min: number, max: number, samples: number[]}} Summary */

/** @param {number[]} values */
export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? Number(sorted[middle]) : (Number(sorted[middle - 1]) + Number(sorted[middle])) / 2;
}

/** Collects samples by contender and metric. */
export class Samples {
  /** @type {Map<string, Map<string, {unit: string, samples: number[]}>>} */
  #all = new Map();

  /** @param {string} contender @param {string} metric @param {string} unit @param {number} value */
  add(contender, metric, unit, value) {
    const metrics = this.#all.get(contender) ?? new Map();
    this.#all.set(contender, metrics);
    const entry = metrics.get(metric) ?? { unit, samples: [] };
    metrics.set(metric, entry);
    entry.samples.push(value);
  }

  /** @returns {Record<string, Record<string, Summary>>} */
  summary() {
    /** @type {Record<string, Record<string, Summary>>} */
    const result = {};
    for (const [contender, metrics] of this.#all) {
      const summaries = (result[contender] = /** @type {Record<string, Summary>} */ ({}));
      for (const [metric, { unit, samples }] of metrics) {
        summaries[metric] = {
          unit,
          median: median(samples),
          min: Math.min(...samples),
          max: Math.max(...samples),
          samples,
        };
      }
    }
    return result;
  }
}
