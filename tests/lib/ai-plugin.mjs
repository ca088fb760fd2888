// A Miniflare plugin: Cloudflare's own Ai class with the double of Workers AI right behind it. Miniflare's `ai` option
// would reach it through a proxy worker, which turns a broken connection into an answer.

const SERVICE = "test-ai:upstream";

export const plugins = {
  "test-ai": {
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
    /** @param {{ options: any[] }} context */
    getServices: ({ options }) =>
      options.slice(0, 1).map(({ options: { port } }) => ({
        name: SERVICE,
        external: { address: `127.0.0.1:${port}`, http: {} },
      })),
  },
};
