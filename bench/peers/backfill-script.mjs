// The usual script: for one user after another, read the profile, ask Workers AI's REST API, write the vector.
import { createClient } from "@supabase/supabase-js";
import { MODEL, SERVICE_KEY, userId } from "../lib/fixtures.mjs";
import { serveParent } from "../lib/rpc.mjs";

const READ = "id,current_title,professional_summary,work_experience(position,company,description),skills(name)";

/** @param {any} user */
function resumeText(user) {
  const parts = [user.current_title, user.professional_summary];
  for (const { position, company, description } of user.work_experience) parts.push(position, company, description);
  for (const { name } of user.skills) parts.push(name);
  return parts.filter(Boolean).join(" ").slice(0, 8000);
}

/** @param {string} base @param {string} text @returns {Promise<number[]>} */
async function embed(base, text) {
  const answer = await fetch(`${base}/client/v4/accounts/benchmark/ai/run/${MODEL}`, {
    method: "POST",
    headers: { authorization: "Bearer benchmark", "content-type": "application/json" },
    body: JSON.stringify({ text: [text] }),
  });
  if (!answer.ok) throw new Error(`Workers AI answered ${answer.status}`);
  const { result } = await answer.json();
  return result.data[0];
}

/** @param {{port: number, users: number}} options @returns {Promise<number>} milliseconds */
async function run({ port, users }) {
  const base = `http://127.0.0.1:${port}`;
  const supabase = createClient(base, SERVICE_KEY, {
    auth: { persistSession: false, autoRefreshToken: false },
  });
  const begin = performance.now();
  for (let index = 0; index < users; index++) {
    const id = userId(index);
    const { data, error } = await supabase.from("users").select(READ).eq("id", id).single();
    if (error) throw new Error(error.message);
    const vector = await embed(base, resumeText(data));
    const stored = await supabase
      .from("users")
      .update({ resume_embedding: JSON.stringify(vector) })
      .eq("id", id);
    if (stored.error) throw new Error(stored.error.message);
  }
  return performance.now() - begin;
}

serveParent({ run });
