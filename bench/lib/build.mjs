// Bundles a contender with wrangler, as a deployment would, and weighs what it would upload.
import { execFile } from "node:child_process";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { projectPath } from "./contenders.mjs";

const run = promisify(execFile);

export const COMPATIBILITY_DATE = "2026-07-01";

/**
 * @typedef {object} Bundle
 * @property {string} dir
 * @property {{name: string, type: "esm" | "wasm"}[]} modules the entry first
 * @property {number} bytes
 * @property {number} gzipped
 */

/**
 * @param {import("./contenders.mjs").Contender} contender
 * @param {string} out folder for the bundle
 * @returns {Promise<Bundle>}
 */
export async function bundle(contender, out) {
  const dir = join(out, contender.name);
  await rm(dir, { recursive: true, force: true });
  await mkdir(dir, { recursive: true });
  const config = join(out, `${contender.name}.json`);
  const settings = {
    name: contender.name,
    main: projectPath(contender.main),
    compatibility_date: COMPATIBILITY_DATE,
    minify: true,
    define: contender.define ?? {},
    send_metrics: false,
  };
  await writeFile(config, JSON.stringify(settings));
  const wrangler = projectPath("node_modules/wrangler/bin/wrangler.js");
  const args = [wrangler, "deploy", "--dry-run", "--outdir", dir, "--config", config];
  const env = {
    ...process.env,
    WRANGLER_LOG_PATH: join(out, "wrangler.log"),
    WRANGLER_SEND_METRICS: "false",
    WRANGLER_HIDE_BANNER: "true",
    CI: "1",
  };
  try {
    await run(process.execPath, args, { env, cwd: out });
  } catch (error) {
    const { stdout = "", stderr = "" } = /** @type {any} */ (error);
    throw new Error(`wrangler could not bundle ${contender.name}:\n${stdout}${stderr}`);
  }
  return weigh(dir);
}

/** @param {string} dir @returns {Promise<Bundle>} */
async function weigh(dir) {
  const files = (await readdir(dir)).filter((file) => /\.(js|mjs|wasm)$/.test(file));
  files.sort((a, b) => Number(a.endsWith(".wasm")) - Number(b.endsWith(".wasm")));
  const contents = await Promise.all(files.map((file) => readFile(join(dir, file))));
  const all = Buffer.concat(contents);
  return {
    dir,
    modules: files.map((name) => ({ name, type: name.endsWith(".wasm") ? "wasm" : "esm" })),
    bytes: all.length,
    gzipped: gzipSync(all).length,
  };
}
