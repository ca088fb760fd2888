// The invented users, tokens and rows that every contender works on, and the requests that are sent to it.
import { createHmac } from "node:crypto";

export const SECRET = "benchmark-secret-of-more-than-thirty-two-characters";
export const MODEL = "@cf/baai/bge-base-en-v1.5";
export const USERS = 200;
export const DIMENSIONS = 768;

/** @param {number} index from 0 */
export function userId(index) {
  return `00000000-0000-4000-8000-${(index + 1).toString(16).padStart(12, "0")}`;
}

/** @param {string} id the index that made it, or -1 */
export function userIndex(id) {
  return id.startsWith("00000000-0000-4000-8000-") ? parseInt(id.slice(24), 16) - 1 : -1;
}

/** @param {object} claims */
export function sign(claims) {
  const encode = (/** @type {object} */ part) => Buffer.from(JSON.stringify(part)).toString("base64url");
  const input = `${encode({ alg: "HS256", typ: "JWT" })}.${encode(claims)}`;
  return `${input}.${createHmac("sha256", SECRET).update(input).digest("base64url")}`;
}

/** An access token with the claims Supabase Auth gives it. @param {number} index */
export function accessToken(index) {
  const now = Math.floor(Date.now() / 1000);
  return sign({
    iss: "http://127.0.0.1/auth/v1",
    sub: userId(index),
    aud: "authenticated",
    exp: now + 24 * 3600,
    iat: now,
    email: `user${index}@example.com`,
    phone: "",
    app_metadata: { provider: "email", providers: ["email"] },
    user_metadata: { email_verified: true },
    role: "authenticated",
    aal: "aal1",
    amr: [{ method: "password", timestamp: now }],
    session_id: "6f1cf1b2-5a0a-4a3e-9a53-0d4a0f6d7c11",
    is_anonymous: false,
  });
}

export const ANON_KEY = sign({ iss: "supabase", ref: "benchmark", role: "anon", exp: 4102444800 });
export const SERVICE_KEY = sign({ iss: "supabase", ref: "benchmark", role: "service_role", exp: 4102444800 });

const SENTENCE =
  "Led the team that moved the order system to events, cut the cost of a checkout by a third and kept it up. ";

/** The profile every user has: columns of `users` without its vector. */
export const PROFILE = {
  email: "ada@example.com",
  first_name: "Ada",
  last_name: "Example",
  phone: "+1 555 0100",
  location: "Lisbon, Portugal",
  linkedin_url: "https://www.linkedin.com/in/ada-example",
  photo_url: "https://images.example.com/ada.jpg",
  current_title: "Principal Software Engineer",
  professional_summary: SENTENCE.repeat(6).trim(),
};

export const EXPERIENCES = ["Northwind Traders", "Contoso", "Fabrikam", "Tailspin Toys"].map((company, index) => ({
  id: `10000000-0000-4000-8000-00000000000${index}`,
  position: ["Principal Engineer", "Senior Engineer", "Engineer", "Junior Engineer"][index],
  company,
  description: SENTENCE.repeat(4).trim(),
  start_date: `${2022 - 3 * index}-03-01`,
  end_date: index === 0 ? null : `${2025 - 3 * index}-02-28`,
  is_current: index === 0,
}));

const NAMES = ["C", "Docker", "Git", "Go", "HTTP", "Kafka", "Linux", "PostgreSQL", "Rust", "TypeScript", "Vim"];

export const SKILLS = NAMES.map((name, index) => ({
  id: `20000000-0000-4000-8000-0000000000${(index + 10).toString()}`,
  name,
  level: "advanced",
}));

/** The text those rows make. */
export const TEXT = [
  PROFILE.current_title,
  PROFILE.professional_summary,
  ...EXPERIENCES.flatMap(({ position, company, description }) => [position, company, description]),
  ...SKILLS.map(({ name }) => name),
].join(" ");

/** Numbers as Workers AI prints them: float32 widened to double, about twenty characters each. */
export const VECTOR = Array.from({ length: DIMENSIONS }, (_, i) => Math.fround(Math.sin(i * 12.9898) / 20));

const EDIT = {
  first_name: PROFILE.first_name,
  last_name: PROFILE.last_name,
  location: PROFILE.location,
  linkedin_url: PROFILE.linkedin_url,
  current_title: PROFILE.current_title,
  professional_summary: PROFILE.professional_summary,
};

/**
 * @typedef {{method: string, path: string, headers: Record<string, string>, body: string}} RequestTemplate
 */

/** @param {string} token @param {string} body @returns {RequestTemplate} */
function patchProfile(token, body) {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  return { method: "PATCH", path: "/api/profile", headers, body };
}

/** One edit per user. @param {number} users */
export function edits(users = USERS) {
  const body = JSON.stringify(EDIT);
  return Array.from({ length: users }, (_, index) => patchProfile(accessToken(index), body));
}

/** Four wrong fields, from signed-in users. */
export function invalidEdits() {
  const body = JSON.stringify({
    ...EDIT,
    first_name: 7,
    phone: "5".repeat(40),
    current_title: "x".repeat(201),
    photo_url: "no",
  });
  return Array.from({ length: USERS }, (_, index) => patchProfile(accessToken(index), body));
}

/** Well-formed tokens whose signature is wrong. */
export function forgedEdits() {
  const body = JSON.stringify(EDIT);
  return Array.from({ length: USERS }, (_, index) => {
    const token = accessToken(index);
    return patchProfile(`${token.slice(0, -8)}AAAAAAAA`, body);
  });
}
