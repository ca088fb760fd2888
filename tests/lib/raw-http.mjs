// HTTP requests exactly as written, where fetch() would tidy them up: raw paths, chunked bodies, bodies that break off.
import { request as httpRequest } from "node:http";

/**
 * @param {string} origin
 * @param {string} path sent as it is
 * @param {object} [options]
 * @param {string} [options.method]
 * @param {Record<string, string>} [options.headers]
 * @param {(string | Buffer)[]} [options.chunks] the body; without a content-length header it goes chunked
 * @param {boolean} [options.breakOff] close the connection instead of ending the body
 * @returns {Promise<{ status: number, headers: Record<string, string | string[] | undefined>, text: string, json: any }>}
 */
export function rawRequest(origin, path, { method = "GET", headers = {}, chunks = [], breakOff = false } = {}) {
  const { hostname, port } = new URL(origin);
  return new Promise((resolve, reject) => {
    const request = httpRequest({ hostname, port, path, method, headers, agent: false }, async (response) => {
      try {
        const parts = [];
        for await (const part of response) parts.push(part);
        const text = Buffer.concat(parts).toString();
        const json = text.startsWith("{") ? JSON.parse(text) : null;
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json });
      } catch (error) {
        reject(error);
      }
    });
    request.on("error", reject);
    for (const chunk of chunks) request.write(chunk);
    if (breakOff) request.flushHeaders();
    if (breakOff) setTimeout(() => request.destroy(), 50);
    else request.end();
  });
}
