// The core alone, native and as WebAssembly: nanoseconds and bytes of arena for one run of each case in cases.c.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { projectPath } from "../lib/contenders.mjs";
import { publish } from "../lib/publish.mjs";

const CJSON = "build/vendor/cjson";
const OUT = "build/bench-core";
const EXPORTS = ["bench_prepare", "bench_count", "bench_name", "bench_repeat", "bench_bytes"];
const ROUNDS = 5;
const LONG_ENOUGH_MS = 40;
const COMMON = ["-std=c17", "-flto", "-DCJSON_NESTING_LIMIT=32", "-Iinclude", `-I${CJSON}`, "-Ibench/core"];
// The module's code is compiled as scripts/build.mjs compiles the product.
const WASM = [
  ...["--target=wasm32-wasip1", "-Oz", "-fno-math-errno", "-mbulk-memory", "-nostartfiles"],
  ...["-Wl,--no-entry", "-Wl,--gc-sections", "-Wl,--strip-all", "-Wl,--lto-O3", "-Wl,--stack-first"],
  "-Wl,-z,stack-size=262144",
];
const NATIVE = ["-O2", "-ffunction-sections", "-Wl,--gc-sections"];

/** @param {string} folder @param {RegExp} ending @returns {Promise<string[]>} paths from the project's folder */
async function filesBelow(folder, ending) {
  const entries = await readdir(projectPath(folder), { recursive: true });
  return entries.filter((name) => ending.test(name)).map((name) => join(folder, name));
}

/** Everything but the port and the events, which need one. */
async function coreSources() {
  const left = ["src/host_wasm.c", "src/core.c", "src/routes.c", "src/docs/", "src/auth/"];
  const sources = (await filesBelow("src", /\.c$/)).filter((path) => !left.some((part) => path.startsWith(part)));
  return [...sources, `${CJSON}/cJSON.c`, "bench/core/cases.c", "bench/core/canned_host.c"];
}

/** @param {string[]} files */
async function treeOf(files) {
  /** @type {any} */
  const tree = {};
  for (const file of files) {
    const parts = file.split("/");
    let folder = tree;
    for (const part of parts.slice(0, -1)) folder = folder[part] ??= {};
    folder[String(parts.at(-1))] = await readFile(projectPath(file));
  }
  return tree;
}

/** @param {string[]} sources @returns {Promise<Uint8Array>} */
async function compileWasm(sources) {
  const { commands, runLLVM, Exit } = await import("@yowasp/clang");
  // Loads the compiler without a word.
  await runLLVM(undefined, {}, { fetchProgress() {} });
  const headers = [...(await filesBelow("include", /\.h$/)), ...(await filesBelow("bench/core", /\.h$/))];
  const exported = EXPORTS.map((name) => `-Wl,--export=${name}`);
  const args = [...COMMON, ...WASM, ...exported, "-o", "core.wasm", ...sources];
  let messages = "";
  const decoder = new TextDecoder();
  const collect = (/** @type {Uint8Array | null} */ bytes) => void (messages += bytes ? decoder.decode(bytes) : "");
  try {
    const tree = await treeOf([...sources, ...headers, `${CJSON}/cJSON.h`]);
    const out = await commands.clang(args, tree, { stdout: collect, stderr: collect });
    return /** @type {any} */ (out)["core.wasm"];
  } catch (error) {
    if (error instanceof Exit) throw new Error(messages, { cause: error });
    throw error;
  }
}

/** What the module's types leave out. @type {any} */
const { WebAssembly: engine } = globalThis;

/** @typedef {{name: string, ns: number, bytes: number}} Figure */

/** @param {any} core its exports @param {number} index */
function timeCase(core, index) {
  const time = (/** @type {number} */ times) => {
    const start = performance.now();
    core.bench_repeat(index, times);
    return performance.now() - start;
  };
  let times = 1;
  while (time(times) < LONG_ENOUGH_MS) times *= 2;
  return Math.min(...Array.from({ length: ROUNDS }, () => (time(times) / times) * 1e6));
}

/** @param {Uint8Array} bytes @returns {Promise<Figure[]>} */
async function runWasm(bytes) {
  const module = await engine.compile(bytes);
  /** @type {any} */
  const imports = {};
  for (const { module: from, name } of engine.Module.imports(module)) (imports[from] ??= {})[name] = () => 8;
  const core = (await engine.instantiate(module, imports)).exports;
  core.bench_prepare();
  return Array.from({ length: core.bench_count() }, (_, index) => {
    const at = core.bench_name(index);
    const text = Buffer.from(core.memory.buffer, at, 128);
    const name = text.toString("latin1", 0, text.indexOf(0));
    return { name, ns: timeCase(core, index), bytes: core.bench_bytes(index) };
  });
}

/** @param {string[]} sources @returns {Promise<Figure[]>} */
async function runNative(sources) {
  const program = projectPath(`${OUT}/native`);
  const args = [...COMMON, ...NATIVE, ...sources, "bench/core/native.c", "-o", program, "-lm"];
  execFileSync(process.env["CC"] ?? "cc", args, { cwd: projectPath("."), stdio: ["ignore", "inherit", "inherit"] });
  const lines = execFileSync(program).toString().trim().split("\n");
  return lines.map((line) => JSON.parse(line));
}

/** @param {Figure[]} native @param {Figure[]} wasm */
function table(native, wasm) {
  const rows = native.map(({ name, ns, bytes }, i) => [
    name,
    ns.toFixed(0),
    Number(wasm[i]?.ns).toFixed(0),
    String(bytes),
  ]);
  const head = ["one run, fastest round", "native ns", "wasm ns", "bytes"];
  const lines = [head, ...rows].map(
    ([name = "", ...rest]) => name.padEnd(36) + rest.map((cell) => cell.padStart(12)).join(""),
  );
  return `${lines.join("\n")}\n`;
}

const HELP = `Usage: node bench/core/run.mjs [--out FILE]

Times the core's steps alone, native and as WebAssembly. Writes build/bench-core.json and the table in
docs/benchmarks.md, or only FILE.
`;

const { values } = parseArgs({ options: { out: { type: "string" }, help: { type: "boolean" } } });
if (values.help) {
  process.stdout.write(HELP);
} else if (!existsSync(projectPath(`${CJSON}/cJSON.c`))) {
  process.stderr.write("bench-core: cJSON is missing: run make first\n");
  process.exitCode = 2;
} else {
  await mkdir(projectPath(OUT), { recursive: true });
  const sources = await coreSources();
  const wasm = await runWasm(await compileWasm(sources));
  const native = await runNative(sources);
  const out = values.out ?? projectPath("build/bench-core.json");
  await mkdir(dirname(out), { recursive: true });
  await writeFile(out, `${JSON.stringify({ native, wasm }, null, 2)}\n`);
  const text = table(native, wasm);
  process.stdout.write(text);
  if (values.out === undefined) await publish("core", text);
}
