// The update behind an edit: three reads, one AI call, one write.
import type { Bindings } from "./env";
import { serviceClient } from "./supabase";

const MODEL = "@cf/baai/bge-base-en-v1.5";
const DIMENSIONS = 768;
const MAX_TEXT = 8000;

type Experience = { position: string; company: string; description: string | null };

async function resumeText(env: Bindings, userId: string): Promise<string> {
  const supabase = serviceClient(env);
  const [user, experiences, skills] = await Promise.all([
    supabase.from("users").select("current_title,professional_summary").eq("id", userId).single(),
    supabase
      .from("work_experience")
      .select("position,company,description")
      .eq("user_id", userId)
      .order("start_date", { ascending: false }),
    supabase.from("skills").select("name").eq("user_id", userId).order("name"),
  ]);
  if (user.error) throw new Error(user.error.message);
  if (experiences.error) console.error(`[Embeddings] Work experience of ${userId} could not be read`);
  if (skills.error) console.error(`[Embeddings] Skills of ${userId} could not be read`);
  const parts: (string | null)[] = [user.data.current_title, user.data.professional_summary];
  for (const { position, company, description } of (experiences.data ?? []) as Experience[]) {
    parts.push(position, company, description);
  }
  for (const { name } of skills.data ?? []) parts.push(name);
  return parts
    .map((part) => part?.trim())
    .filter(Boolean)
    .join(" ")
    .slice(0, MAX_TEXT);
}

async function embed(env: Bindings, text: string): Promise<number[]> {
  for (let attempt = 1; ; attempt++) {
    try {
      const answer = (await env.AI.run(MODEL, { text: [text] })) as { data: number[][] };
      const vector = answer.data[0];
      if (vector?.length !== DIMENSIONS) throw new Error(`expected ${DIMENSIONS} numbers`);
      return vector;
    } catch (error) {
      if (attempt === 3) throw error;
      await new Promise((resolve) => setTimeout(resolve, 1000 * attempt));
    }
  }
}

export async function updateResumeEmbedding(env: Bindings, userId: string): Promise<void> {
  const start = Date.now();
  console.log(`[Embeddings] Starting resume embedding update for user ${userId}`);
  try {
    const text = await resumeText(env, userId);
    const vector = text ? await embed(env, text) : null;
    if (vector) console.log(`[Embeddings] Generated embedding with ${vector.length} dimensions`);
    const { error } = await serviceClient(env)
      .from("users")
      .update({ resume_embedding: vector && JSON.stringify(vector) })
      .eq("id", userId);
    if (error) throw new Error(error.message);
    const took = Date.now() - start;
    console.log(`[Embeddings] Successfully updated resume embedding for user ${userId} in ${took}ms`);
  } catch (error) {
    console.error(`[Embeddings] Failed to update user embedding for ${userId}: ${(error as Error).message}`);
  }
}
