// Nothing but an answer: what the runtime itself costs.
export default {
  fetch: () => Response.json({ status: "ok" }),
};
