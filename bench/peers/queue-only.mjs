// One message per request and a consumer that does nothing: what the local queue simulator costs.
export default {
  /**
   * @param {Request} request
   * @param {any} env
   * @param {ExecutionContext} ctx
   */
  async fetch(request, env, ctx) {
    await request.arrayBuffer();
    ctx.waitUntil(env.EMBEDDING_QUEUE.send({ user_id: "00000000-0000-4000-8000-000000000001" }));
    return Response.json({ status: "ok" });
  },
  /** @param {MessageBatch} batch */
  queue(batch) {
    batch.ackAll();
  },
};
