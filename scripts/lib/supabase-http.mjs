// Makes Supabase Lite answer over HTTP as a hosted project does, and one request at a time.
import { AsyncLocalStorage } from "node:async_hooks";

/** @typedef {import("@electric-sql/pglite").PGlite} PGlite */
/** @typedef {{ message: string, code?: string, detail?: string | null, hint?: string | null }} DatabaseError */
/** @typedef {{ log: (line: string) => void, error?: DatabaseError }} RequestContext */

const ROLES = ["anon", "authenticated", "service_role"];

/** @type {AsyncLocalStorage<RequestContext>} */
const requestContext = new AsyncLocalStorage();

const printError = console.error;

/**
 * Supabase Lite prints every database error, expected ones included, to the console with its stack. While it
 * serves a request, each becomes one line for the request's logger instead.
 * @param {unknown[]} args
 */
function redirectError(...args) {
  const context = requestContext.getStore();
  if (!context) return printError(...args);
  const error = args.find((arg) => arg instanceof Error);
  if (error) context.error = error;
  context.log(args.map((arg) => (arg instanceof Error ? arg.message : String(arg))).join(" "));
}

/**
 * PGlite is one session, and Lite's transactions do not lock it: statements of two requests would mix, and one
 * would run with the other's role. So HTTP requests and the caller's SQL take turns.
 * @param {PGlite} pglite
 */
export function takeTurns(pglite) {
  /** @type {Promise<unknown>} */
  let last = Promise.resolve();
  /**
   * @template T
   * @param {() => Promise<T>} work
   * @returns {Promise<T>}
   */
  const exclusive = (work) => {
    const run = last.then(work);
    last = run.catch(() => {});
    return run;
  };
  const guarded = new Set(["query", "exec", "sql", "transaction", "describeQuery", "dumpDataDir"]);
  const db = new Proxy(pglite, {
    get(target, name) {
      const value = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      const method = value.bind(target);
      if (!guarded.has(String(name))) return method;
      return (/** @type {unknown[]} */ ...args) => exclusive(() => method(...args));
    },
  });
  return { exclusive, db };
}

/**
 * @param {(request: Request) => Promise<Response>} handler Lite's
 * @param {<T>(work: () => Promise<T>) => Promise<T>} exclusive
 * @param {(line: string) => void} log
 * @returns {(request: Request) => Promise<Response>}
 */
export function createFetch(handler, exclusive, log) {
  console.error = redirectError;
  return async (request) => {
    const refused = refuse(request);
    if (refused) return refused;
    const buffered = await bufferRequest(request);
    /** @type {RequestContext} */
    const context = { log };
    return requestContext.run(context, () =>
      exclusive(async () => completeResponse(await handler(buffered), context.error)),
    );
  };
}

/**
 * What Lite would let through and a hosted project does not: paths other than the two APIs', and tokens that name
 * a role which PostgREST may not take on (here it would be the superuser).
 * @param {Request} request
 */
function refuse(request) {
  const { pathname } = new URL(request.url);
  if (!pathname.startsWith("/rest/v1/") && !pathname.startsWith("/auth/v1/")) {
    return Response.json({ message: "no Route matched with those values" }, { status: 404 });
  }
  const token = request.headers.get("authorization")?.match(/^Bearer\s+(.+)$/i)?.[1] ?? "";
  let role = "anon";
  try {
    role = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()).role ?? "anon";
  } catch {
    return null;
  }
  if (ROLES.includes(role)) return null;
  const body = {
    code: "42501",
    message: `permission denied to set role "${role}"`,
    details: null,
    hint: null,
  };
  return Response.json(body, { status: 403 });
}

/**
 * The request with its body read, so that a slow client does not hold up the others.
 * @param {Request} request
 */
async function bufferRequest(request) {
  const { url, method, headers } = request;
  const body = method === "GET" || method === "HEAD" ? undefined : await request.arrayBuffer();
  return new Request(url, { method, headers, body });
}

/**
 * The response with its body complete, so that none of it is still being read when the next request's turn comes.
 * Errors that Lite does not know (its code SUP) get the status and code that PostgREST gives them.
 * @param {Response} response
 * @param {DatabaseError | undefined} error
 */
async function completeResponse(response, error) {
  if (!response.body) return response;
  const body = await response.arrayBuffer();
  if (response.status === 500 && error?.code && /^[0-9A-Z]{5}$/.test(error.code)) {
    if (JSON.parse(Buffer.from(body).toString()).code === "SUP") return postgrestError(error);
  }
  return new Response(body, response);
}

/**
 * https://docs.postgrest.org/en/stable/references/errors.html#http-status-codes, as far as Lite leaves it open.
 * @param {DatabaseError} error
 */
function postgrestError({ code = "", message, detail = null, hint = null }) {
  const status = /^(08|53)/.test(code) ? 503 : /^(23|P0001)/.test(code) ? 400 : 500;
  return Response.json({ code, message, details: detail, hint }, { status });
}
