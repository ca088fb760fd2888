// The bindings and variables of the peer worker, named as the product names them.

export interface Bindings {
  AI: Ai;
  SUPABASE_URL: string;
  SUPABASE_ANON_KEY: string;
  SUPABASE_SERVICE_ROLE_KEY: string;
  SUPABASE_JWT_SECRET: string;
  ENVIRONMENT?: string;
  ALLOWED_ORIGINS?: string;
}

export interface User {
  id: string;
  email: string | undefined;
}

export interface AppEnv {
  Bindings: Bindings;
  Variables: { user: User; token: string; requestId: string };
}
