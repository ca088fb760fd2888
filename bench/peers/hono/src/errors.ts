// The shapes of every refusal.
import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { ZodError } from "zod";

export function failure(c: Context, statusCode: ContentfulStatusCode, code: string, message: string) {
  return c.json({ code, message, statusCode }, statusCode);
}

export function invalid(c: Context, what: string, error: ZodError) {
  const details = error.issues.map(({ code, path, message }) => ({ code, path, message }));
  return c.json({ error: `Invalid ${what} data`, details }, 400);
}

/** A refusal by the database becomes an answer that says nothing about the database. */
export function refused(c: Context, error: { code?: string; message: string }) {
  console.error(`[Profile] ${error.code ?? ""} ${error.message}`);
  if (error.code === "23505") return failure(c, 409, "CONFLICT", "That entry exists already");
  if (error.code === "PGRST116") return failure(c, 404, "NOT_FOUND", "Not found");
  return failure(c, 502, "UPSTREAM_ERROR", "The database could not be reached");
}
