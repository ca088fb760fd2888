// Supabase clients: one per request with the user's token, one per isolate with the service-role key.
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import type { Bindings } from "./env";

const stateless = { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false };

export function userClient(env: Bindings, token: string): SupabaseClient {
  return createClient(env.SUPABASE_URL, env.SUPABASE_ANON_KEY, {
    auth: stateless,
    global: { headers: { Authorization: `Bearer ${token}` } },
  });
}

let service: SupabaseClient | undefined;

export function serviceClient(env: Bindings): SupabaseClient {
  service ??= createClient(env.SUPABASE_URL, env.SUPABASE_SERVICE_ROLE_KEY, { auth: stateless });
  return service;
}
