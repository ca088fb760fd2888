// What every command of scripts/ does alike: refusing in one sentence, asking the environment for a port, and stopping
// on a signal.
import { createServer } from "node:net";

const LOOPBACK = "127.0.0.1";
// One Ctrl-C may arrive twice: from the terminal, and passed on by npm.
const SAME_KEYPRESS_MS = 300;

/** Something the person at the keyboard can put right: printed as its message alone. */
export class Refusal extends Error {
  /** @param {string} message @param {number} [exitCode] */
  constructor(message, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/**
 * Runs a command's main function and ends the process with the code that it returns.
 * @param {() => Promise<number>} main
 */
export async function runCommand(main) {
  try {
    process.exitCode = await main();
  } catch (error) {
    if (error instanceof Refusal) process.stderr.write(`${error.message}\n`);
    else console.error(error);
    process.exitCode = error instanceof Refusal ? error.exitCode : 1;
  }
  // Whatever a library still holds open must not keep a finished command waiting.
  process.stdout.write("", () => process.exit());
}

/** wrangler and Miniflare run on Node.js 22 or later; `make` and `npm run` bring one along. */
export function requireNode() {
  if (Number(process.versions.node.split(".")[0]) >= 22) return;
  throw new Refusal(
    `This needs Node.js 22 or later and runs on ${process.versions.node}: use make or npm run, which bring their own.`,
    2,
  );
}

/**
 * The options of the command line, or a refusal when one is unknown or lacks its value.
 * @template T
 * @param {() => T} parse calls parseArgs
 */
export function readOptions(parse) {
  try {
    return parse();
  } catch (error) {
    const sentence = error instanceof Error ? error.message.split(". ")[0].replace(/\.$/, "") : String(error);
    throw new Refusal(`${sentence}. See --help.`, 2);
  }
}

/**
 * A port number from an environment variable.
 * @param {string} variable
 * @param {number} fallback when the variable is unset or empty
 */
export function portFrom(variable, fallback) {
  const text = process.env[variable];
  if (!text) return fallback;
  const port = Number(text);
  if (Number.isInteger(port) && port >= 1 && port <= 65535) return port;
  throw new Refusal(`${variable} must be a port number from 1 to 65535, and is "${text}".`, 2);
}

/**
 * Refuses unless the port can be listened on.
 * @param {number} port
 * @param {string} variable the one that chooses another
 */
export async function requireFreePort(port, variable) {
  const server = createServer();
  /** @type {NodeJS.ErrnoException | null} */
  const error = await new Promise((resolve) => {
    server.once("error", resolve);
    server.listen(port, LOOPBACK, () => resolve(null));
  });
  if (!error) return new Promise((resolve) => server.close(resolve));
  if (error.code === "EACCES") {
    throw new Refusal(`Port ${port} needs privileges: choose one from 1024 on with ${variable}=….`);
  }
  throw new Refusal(
    `Port ${port} on ${LOOPBACK} is in use: stop what listens there, or choose another with ${variable}=….`,
  );
}

/**
 * Turns the first SIGINT, SIGTERM or SIGHUP into an abort, and the second into an exit at once.
 * @param {() => void} [beforeExit] what must be done even then; synchronous
 * @returns {AbortSignal} its reason is the name of the signal
 */
export function stopSignal(beforeExit = () => {}) {
  const controller = new AbortController();
  let first = 0;
  for (const name of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) {
    process.on(name, () => {
      if (!controller.signal.aborted) {
        first = Date.now();
        return controller.abort(name);
      }
      if (Date.now() - first < SAME_KEYPRESS_MS) return;
      beforeExit();
      process.exit(130);
    });
  }
  return controller.signal;
}

/** Resolves when the signal aborts. @param {AbortSignal} signal @returns {Promise<void>} */
export function aborted(signal) {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
