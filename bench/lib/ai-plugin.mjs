// A Miniflare plugin: Cloudflare's own Ai class with the AI double behind it, reached directly, where Miniflare's
// `ai` option would put a proxy worker (and a WebSocket for every call) in between.

const SERVICE = "benchmark-ai:upstream";

export const plugins = {
  "benchmark-ai": {
    options: { parse: (/** @type {any} */ options) => options },
    bindingTypeDescription: "AI",
    /** @param {any[]} options */
    getBindings: (options) =>
      options.map(({ name }) => ({
        name,
        wrapped: {
          moduleName: "cloudflare-internal:ai-api",
          innerBindings: [{ name: "fetcher", service: { name: SERVICE } }],
        },
      })),
    getNodeBindings: () => ({}),
    /** @param {{options: any[]}} context */
    getServices: ({ options }) =>
      options.slice(0, 1).map(({ options: { upstream } }) => ({
        name: SERVICE,
        external: { address: `127.0.0.1:${upstream}`, http: {} },
      })),
  },
};
