// The worker a careful TypeScript developer would write for the same API: Hono, Zod, supabase-js.
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { cors } from "hono/cors";
import { requestId } from "hono/request-id";
import { secureHeaders } from "hono/secure-headers";
import type { AppEnv } from "./env";
import { failure } from "./errors";
import { routes } from "./routes";

const app = new Hono<AppEnv>({ strict: false });

app.use(requestId());
app.use(
  secureHeaders({
    crossOriginOpenerPolicy: false,
    crossOriginResourcePolicy: false,
    originAgentCluster: false,
    xDnsPrefetchControl: false,
    xDownloadOptions: false,
    xFrameOptions: false,
    xPermittedCrossDomainPolicies: false,
    xXssProtection: false,
  }),
);
app.use(
  cors({
    origin: (origin, c) => ((c.env.ALLOWED_ORIGINS ?? "").split(",").includes(origin) ? origin : null),
  }),
);
app.use(
  bodyLimit({
    maxSize: 64 * 1024,
    onError: (c) => failure(c, 413, "PAYLOAD_TOO_LARGE", "The body is larger than 64 KiB"),
  }),
);

app.get("/health", (c) =>
  c.json({
    status: "ok",
    version: "1.0.0",
    environment: c.env.ENVIRONMENT ?? "production",
    provider: "workers-ai",
  }),
);
app.route("/api/profile", routes);

app.notFound((c) => failure(c, 404, "NOT_FOUND", "Not found"));
app.onError((error, c) => {
  console.error(`[Profile] ${error.message}`);
  return failure(c, 500, "INTERNAL_ERROR", "Something went wrong");
});

export default app;
