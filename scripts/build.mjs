// Builds build/worker.wasm: every C file of src/ and cJSON in one link-time optimised step. The compiler is the pinned
// @yowasp/clang, or that of a wasi-sdk when WASI_SDK_PATH is set. The result replaces the old module only when it is
// complete and imports nothing but "host".
//
// Tests build a variant beside it: --with FILE adds a C file, --without FILE leaves one of src/ out (both may be repeated),
// --out FILE names the result.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";

const root = fileURLToPath(new URL("..", import.meta.url));
const CJSON = "build/vendor/cjson";
const PRODUCT = "build/worker.wasm";

const FLAGS = [
  "--target=wasm32-wasip1",
  "-std=c17",
  ...["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Wno-sign-conversion", "-Werror"],
  ...["-Oz", "-flto", "-fno-math-errno", "-mbulk-memory"],
  ...["-Iinclude", "-isystem", CJSON, "-DCJSON_NESTING_LIMIT=32"],
  ...[
    "-nostartfiles",
    "-Wl,--no-entry",
    "-Wl,--gc-sections",
    "-Wl,--strip-all",
    "-Wl,--lto-O3",
    "-Wl,--compress-relocations",
  ],
  // The stack first: an overflow then traps at address zero instead of running into static data.
  ...["-Wl,--stack-first", "-Wl,-z,stack-size=262144"],
  // A Worker may use 128 MB in all: https://developers.cloudflare.com/workers/platform/limits/#memory
  "-Wl,--max-memory=67108864",
];

/** The files below a folder with one of the endings, relative to the root. @param {string} folder @param {string} ending */
const filesOf = (folder, ending) =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .sort();

/** @param {string} message @returns {never} */
function fail(message) {
  process.stderr.write(`${message.trimEnd()}\n`);
  process.exit(1);
}

/** A file tree as @yowasp/clang takes it. @param {string[]} files */
function treeOf(files) {
  /** @type {any} */
  const tree = {};
  for (const file of files) {
    const parts = file.split("/");
    const name = /** @type {string} */ (parts.pop());
    let folder = tree;
    for (const part of parts) folder = folder[part] ??= {};
    folder[name] = readFileSync(join(root, file));
  }
  return tree;
}

/** @param {string[]} args @param {string[]} files @returns {Promise<Uint8Array>} */
async function compileWithYowasp(args, files) {
  const { commands, Exit, runLLVM } = await import("@yowasp/clang");
  // Loads the compiler first, which would otherwise report every percent of it.
  await runLLVM(undefined, {}, { fetchProgress() {} });
  let messages = "";
  const decoder = new TextDecoder();
  const collect = (/** @type {Uint8Array | null} */ bytes) => void (messages += bytes ? decoder.decode(bytes) : "");
  try {
    const out = await commands.clang(args, treeOf(files), { stdout: collect, stderr: collect });
    return /** @type {any} */ (out)["worker.wasm"];
  } catch (error) {
    if (error instanceof Exit) fail(messages);
    throw error;
  }
}

/** @param {string} sdk @param {string[]} args @returns {Uint8Array} */
function compileWithSdk(sdk, args) {
  mkdirSync(join(root, "build"), { recursive: true });
  const folder = mkdtempSync(join(root, "build/sdk-"));
  process.once("exit", () => rmSync(folder, { recursive: true }));
  const out = join(folder, "worker.wasm");
  const clang = join(sdk, "bin/clang");
  const run = spawnSync(clang, [...args.slice(0, -1), out], { cwd: root, stdio: "inherit" });
  if (run.error) fail(`${clang} cannot be run: WASI_SDK_PATH must be the folder of a wasi-sdk, or unset.`);
  if (run.status !== 0) process.exit(1);
  return readFileSync(out);
}

const { values: options } = parseArgs({
  options: {
    with: { type: "string", multiple: true, default: [] },
    without: { type: "string", multiple: true, default: [] },
    out: { type: "string", default: PRODUCT },
  },
});
const ownSources = filesOf("src", ".c");
const unknown = options.without.filter((file) => !ownSources.includes(file));
if (unknown.length > 0) fail(`--without names no source file: ${unknown.join(", ")}`);
const isVariant = options.with.length + options.without.length > 0;
if (isVariant && options.out === PRODUCT) fail(`A variant must not replace ${PRODUCT}: name another file with --out.`);

const kept = ownSources.filter((file) => !options.without.includes(file));
const sources = [...kept, ...options.with, `${CJSON}/cJSON.c`];
const headers = [...filesOf("include", ".h"), `${CJSON}/cJSON.h`];
const args = [...FLAGS, ...sources, "-o", "worker.wasm"];
const sdk = process.env.WASI_SDK_PATH;
const wasm = sdk ? compileWithSdk(sdk, args) : await compileWithYowasp(args, [...sources, ...headers]);

const foreign = WebAssembly.Module.imports(await WebAssembly.compile(/** @type {any} */ (wasm)))
  .filter(({ module }) => module !== "host")
  .map(({ module, name }) => `${module}.${name}`);
if (foreign.length > 0) fail(`The module must import only from "host", but imports ${foreign.join(", ")}.`);

mkdirSync(join(root, dirname(options.out)), { recursive: true });
const partial = join(root, `${options.out}.${process.pid}`);
writeFileSync(partial, wasm);
renameSync(partial, join(root, options.out));
console.log(`${options.out}: ${wasm.length} bytes, ${gzipSync(wasm, { level: 9 }).length} gzipped`);
