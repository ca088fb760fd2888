// One subrequest per request and, where a queue is bound, one message with a consumer that does nothing: in Miniflare and in
// workerd alone, the difference is what the local queue simulator and Miniflare's outgoing proxy cost.
const USER = "00000000-0000-4000-8000-000000000001";

export default {
  /**
   * @param {Request} request
   * @param {any} env
   * @param {ExecutionContext} ctx
   */
  async fetch(request, env, ctx) {
    await request.arrayBuffer();
    const headers = { apikey: env.SUPABASE_ANON_KEY };
    const answer = await fetch(`${env.SUPABASE_URL}/rest/v1/users?select=id&id=eq.${USER}`, { headers });
    if (env.EMBEDDING_QUEUE) ctx.waitUntil(env.EMBEDDING_QUEUE.send({ user_id: USER }));
    return new Response(await answer.arrayBuffer());
  },
  /** @param {MessageBatch} batch */
  queue(batch) {
    batch.ackAll();
  },
};
