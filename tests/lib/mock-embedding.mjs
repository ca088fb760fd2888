// The embedding of the `mock` provider and the resume text, written from their descriptions and not from the C code, so
// that a stored vector can be compared with what it should be.

export const DIMENSIONS = 768;
export const MAX_CHARACTERS = 8000;

const MASK = (1n << 64n) - 1n;

/** @param {Buffer} bytes */
function hash(bytes) {
  let h = 0xcbf29ce484222325n;
  for (const byte of bytes) h = ((h ^ BigInt(byte)) * 0x100000001b3n) & MASK;
  h ^= h >> 30n;
  h = (h * 0xbf58476d1ce4e5b9n) & MASK;
  h ^= h >> 27n;
  h = (h * 0x94d049bb133111ebn) & MASK;
  return h ^ (h >> 31n);
}

/** @type {Map<string, { index: number, sign: number }>} */
const places = new Map();

/** @param {string} feature as latin1, a character per byte */
function placeOf(feature) {
  let place = places.get(feature);
  if (!place) {
    const h = hash(Buffer.from(feature, "latin1"));
    place = { index: Number(h % BigInt(DIMENSIONS)), sign: h >> 63n ? -1 : 1 };
    places.set(feature, place);
  }
  return place;
}

/**
 * @param {string} text
 * @returns {number[]}
 */
export function mockVector(text) {
  const bytes = Buffer.from(text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())).toString("latin1");
  const words = bytes.match(/[a-z0-9\x80-\xff]+/g) ?? [];
  const vector = new Array(DIMENSIONS).fill(0);
  words.forEach((word, i) => {
    for (const feature of i > 0 ? [word, `${words[i - 1]} ${word}`] : [word]) {
      const { index, sign } = placeOf(feature);
      vector[index] += sign;
    }
  });
  const norm = Math.hypot(...vector);
  if (norm === 0) return vector.fill(1, 0, 1);
  return vector.map((value) => value / norm);
}

/**
 * @typedef {object} Profile
 * @property {string | null} [current_title]
 * @property {string | null} [professional_summary]
 * @property {{ position?: string | null, company?: string | null, description?: string | null }[]} [experiences]
 *   newest first
 * @property {{ name?: string | null }[]} [skills] by name
 */

/**
 * @param {Profile} profile
 * @returns {string}
 */
export function resumeText({ current_title, professional_summary, experiences = [], skills = [] }) {
  const parts = [
    current_title,
    professional_summary,
    ...experiences.flatMap(({ position, company, description }) => [position, company, description]),
    ...skills.map(({ name }) => name),
  ];
  const text = parts
    .map((part) => part?.trim() ?? "")
    .filter((part) => part !== "")
    .join(" ");
  return [...text].slice(0, MAX_CHARACTERS).join("");
}

/**
 * The largest difference of two vectors' components; Infinity when they do not match in length.
 * @param {number[] | null} a
 * @param {number[] | null} b
 */
export function vectorDistance(a, b) {
  if (!a || !b || a.length !== b.length) return a === b ? 0 : Infinity;
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - Number(b[i]))), 0);
}
