// The profile, its work experience and its skills.
import { Hono, type Context } from "hono";
import type { ZodType } from "zod";
import { authenticate } from "./auth";
import { updateResumeEmbedding } from "./embeddings";
import type { AppEnv } from "./env";
import { failure, invalid, refused } from "./errors";
import * as schemas from "./schemas";
import { userClient } from "./supabase";

const PROFILE =
  "id,email,first_name,last_name,phone,location,linkedin_url,photo_url,current_title,professional_summary";
const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

async function readBody(c: Context<AppEnv>): Promise<unknown> {
  try {
    return await c.req.json();
  } catch {
    return undefined;
  }
}

function embedLater(c: Context<AppEnv>) {
  const { id } = c.get("user");
  console.log(`[Profile] ${c.req.method} ${c.req.path} by user ${id}`);
  c.executionCtx.waitUntil(updateResumeEmbedding(c.env, id));
}

interface Collection {
  table: string;
  columns: string;
  order: { column: string; ascending: boolean };
  one: string;
  many: string;
  what: string;
  title: string;
  create: ZodType<Record<string, unknown>>;
  edit: ZodType<Record<string, unknown>>;
}

/** List, read, add, change and delete the rows of one table that belong to the user. */
function collection({ table, columns, order, one, many, what, title, create, edit }: Collection) {
  const routes = new Hono<AppEnv>();
  routes.get("/", async (c) => {
    const { data, error } = await userClient(c.env, c.get("token"))
      .from(table)
      .select(columns)
      .eq("user_id", c.get("user").id)
      .order(order.column, { ascending: order.ascending });
    return error ? refused(c, error) : c.json({ [many]: data });
  });
  routes.post("/", async (c) => {
    const body = await readBody(c);
    if (body === undefined) return failure(c, 400, "INVALID_JSON", "The body is not JSON");
    const checked = create.safeParse(body);
    if (!checked.success) return invalid(c, what, checked.error);
    const { data, error } = await userClient(c.env, c.get("token"))
      .from(table)
      .insert({ ...checked.data, user_id: c.get("user").id })
      .select(columns)
      .single();
    if (error) return refused(c, error);
    embedLater(c);
    return c.json({ message: `${title} added successfully`, [one]: data }, 201);
  });
  routes.use("/:id", async (c, next) => {
    if (!UUID.test(c.req.param("id"))) return failure(c, 404, "NOT_FOUND", "Not found");
    await next();
  });
  routes.get("/:id", async (c) => {
    const { data, error } = await userClient(c.env, c.get("token"))
      .from(table)
      .select(columns)
      .eq("id", c.req.param("id"))
      .eq("user_id", c.get("user").id)
      .single();
    return error ? refused(c, error) : c.json({ [one]: data });
  });
  routes.on(["PUT", "PATCH"], "/:id", async (c) => {
    const body = await readBody(c);
    if (body === undefined) return failure(c, 400, "INVALID_JSON", "The body is not JSON");
    const checked = edit.safeParse(body);
    if (!checked.success) return invalid(c, what, checked.error);
    const { data, error } = await userClient(c.env, c.get("token"))
      .from(table)
      .update(checked.data)
      .eq("id", c.req.param("id") as string)
      .eq("user_id", c.get("user").id)
      .select(columns)
      .single();
    if (error) return refused(c, error);
    embedLater(c);
    return c.json({ message: `${title} updated successfully`, [one]: data });
  });
  routes.delete("/:id", async (c) => {
    const { error } = await userClient(c.env, c.get("token"))
      .from(table)
      .delete()
      .eq("id", c.req.param("id"))
      .eq("user_id", c.get("user").id)
      .select("id")
      .single();
    if (error) return refused(c, error);
    embedLater(c);
    return c.json({ message: `${title} deleted successfully` });
  });
  return routes;
}

export const routes = new Hono<AppEnv>();

routes.use(authenticate);

routes.get("/", async (c) => {
  const { data, error } = await userClient(c.env, c.get("token"))
    .from("users")
    .select(PROFILE)
    .eq("id", c.get("user").id)
    .single();
  return error ? refused(c, error) : c.json({ profile: data });
});

routes.on(["PUT", "PATCH"], "/", async (c) => {
  const body = await readBody(c);
  if (body === undefined) return failure(c, 400, "INVALID_JSON", "The body is not JSON");
  const checked = schemas.profile.safeParse(body);
  if (!checked.success) return invalid(c, "profile", checked.error);
  const { data, error } = await userClient(c.env, c.get("token"))
    .from("users")
    .update(checked.data)
    .eq("id", c.get("user").id)
    .select(PROFILE)
    .single();
  if (error) return refused(c, error);
  embedLater(c);
  return c.json({ message: "Profile updated successfully", profile: data });
});

routes.route(
  "/work-experience",
  collection({
    table: "work_experience",
    columns: "id,position,company,description,start_date,end_date,is_current",
    order: { column: "start_date", ascending: false },
    one: "experience",
    many: "experiences",
    what: "work experience",
    title: "Work experience",
    create: schemas.experience,
    edit: schemas.experienceEdit,
  }),
);

routes.route(
  "/skills",
  collection({
    table: "skills",
    columns: "id,name,level",
    order: { column: "name", ascending: true },
    one: "skill",
    many: "skills",
    what: "skill",
    title: "Skill",
    create: schemas.skill,
    edit: schemas.skillEdit,
  }),
);
