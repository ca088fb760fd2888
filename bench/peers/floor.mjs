// About the least a Worker can do: no framework, no validation, the fewest subrequests, the key imported once.
const MODEL = "@cf/baai/bge-base-en-v1.5";
const PROFILE =
  "id,email,first_name,last_name,phone,location,linkedin_url,photo_url,current_title,professional_summary";
const READ =
  "select=id,current_title,professional_summary,work_experience(position,company,description),skills(name)" +
  "&work_experience.order=start_date.desc.nullslast,id&skills.order=name,id";
const JSON_TYPE = { "content-type": "application/json" };

/** @type {Promise<CryptoKey> | undefined} */
let key;

/** @param {string} text base64url */
function bytes(text) {
  return Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
}

/**
 * @param {string} token
 * @param {string} secret
 */
async function userOf(token, secret) {
  const encoder = new TextEncoder();
  key ??= crypto.subtle.importKey("raw", encoder.encode(secret), { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
  const end = token.lastIndexOf(".");
  const [, claims = ""] = token.split(".");
  const signed = encoder.encode(token.slice(0, end));
  if (!(await crypto.subtle.verify("HMAC", await key, bytes(token.slice(end + 1)), signed))) return null;
  const { sub, exp } = JSON.parse(atob(claims.replace(/-/g, "+").replace(/_/g, "/")));
  return exp * 1000 > Date.now() ? sub : null;
}

/**
 * @param {any} env
 * @param {string} id
 */
async function embed(env, id) {
  const start = Date.now();
  console.log(`[Embeddings] Starting resume embedding update for user ${id}`);
  const headers = {
    apikey: env.SUPABASE_SERVICE_ROLE_KEY,
    authorization: `Bearer ${env.SUPABASE_SERVICE_ROLE_KEY}`,
    ...JSON_TYPE,
  };
  const users = `${env.SUPABASE_URL}/rest/v1/users?id=eq.${id}`;
  const [user] = await (await fetch(`${users}&${READ}`, { headers })).json();
  const parts = [user.current_title, user.professional_summary];
  for (const { position, company, description } of user.work_experience) parts.push(position, company, description);
  for (const { name } of user.skills) parts.push(name);
  const { data } = await env.AI.run(MODEL, { text: [parts.filter(Boolean).join(" ").slice(0, 8000)] });
  console.log(`[Embeddings] Generated embedding with ${data[0].length} dimensions`);
  const body = JSON.stringify({ resume_embedding: JSON.stringify(data[0]) });
  const stored = await fetch(users, { method: "PATCH", headers, body });
  if (!stored.ok) throw new Error(`store: ${stored.status}`);
  console.log(`[Embeddings] Successfully updated resume embedding for user ${id} in ${Date.now() - start}ms`);
}

export default {
  /**
   * @param {Request} request
   * @param {any} env
   * @param {ExecutionContext} ctx
   */
  async fetch(request, env, ctx) {
    if (request.url.endsWith("/health")) return Response.json({ status: "ok" });
    const authorization = request.headers.get("authorization") ?? "";
    const id = await userOf(authorization.slice(7), env.SUPABASE_JWT_SECRET);
    if (!id) return Response.json({ code: "INVALID_TOKEN", message: "", statusCode: 401 }, { status: 401 });
    const answer = await fetch(`${env.SUPABASE_URL}/rest/v1/users?id=eq.${id}&select=${PROFILE}`, {
      method: "PATCH",
      headers: {
        apikey: env.SUPABASE_ANON_KEY,
        authorization,
        accept: "application/vnd.pgrst.object+json",
        prefer: "return=representation",
        ...JSON_TYPE,
      },
      body: await request.text(),
    });
    const profile = await answer.text();
    console.log(`[Profile] PATCH /api/profile by user ${id}`);
    ctx.waitUntil(embed(env, id));
    return new Response(`{"message":"Profile updated successfully","profile":${profile}}`, {
      headers: JSON_TYPE,
    });
  },
};
