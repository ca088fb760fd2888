// Who is asking. LOCAL_JWT, set when bundling, decides how: by asking Supabase Auth, or with the shared secret here.
import { createMiddleware } from "hono/factory";
import { jwtVerify } from "jose";
import type { AppEnv, Bindings, User } from "./env";
import { failure } from "./errors";
import { userClient } from "./supabase";

declare const LOCAL_JWT: boolean;

let key: Promise<CryptoKey> | undefined;

function verificationKey(secret: string): Promise<CryptoKey> {
  key ??= crypto.subtle.importKey("raw", new TextEncoder().encode(secret), { name: "HMAC", hash: "SHA-256" }, false, [
    "verify",
  ]);
  return key;
}

async function verifyLocally(env: Bindings, token: string): Promise<User | null> {
  try {
    const { payload } = await jwtVerify(token, await verificationKey(env.SUPABASE_JWT_SECRET), {
      algorithms: ["HS256"],
      audience: "authenticated",
      clockTolerance: 30,
    });
    if (!payload.sub || payload["role"] !== "authenticated") return null;
    return { id: payload.sub, email: payload["email"] as string | undefined };
  } catch {
    return null;
  }
}

async function askSupabase(env: Bindings, token: string): Promise<User | null> {
  const { data, error } = await userClient(env, token).auth.getUser(token);
  return error || !data.user ? null : { id: data.user.id, email: data.user.email };
}

export const authenticate = createMiddleware<AppEnv>(async (c, next) => {
  const header = c.req.header("Authorization");
  if (!header) return failure(c, 401, "MISSING_AUTH_HEADER", "Authorization header is required");
  const token = /^Bearer\s+(\S+)$/i.exec(header)?.[1];
  if (!token) return failure(c, 401, "INVALID_AUTH_FORMAT", "Authorization header must be a Bearer token");
  const user = LOCAL_JWT ? await verifyLocally(c.env, token) : await askSupabase(c.env, token);
  if (!user) return failure(c, 401, "INVALID_TOKEN", "The access token is not valid");
  c.set("user", user);
  c.set("token", token);
  await next();
});
