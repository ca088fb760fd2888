// Reads the output of `wrangler dev` and keeps what its reader wants: the worker's own log lines, what the build says,
// and wrangler's errors. The banner, the table of bindings and the list of requests are left out.
import { stripVTControlCharacters } from "node:util";

/**
 * @typedef {object} LogLine
 * @property {"log" | "warn" | "error"} level
 * @property {"worker" | "build" | "wrangler"} source
 * @property {string} text
 */

const HEADED = /^(▲ \[WARNING\]|✘ \[ERROR\]) (.*)$/;
const WORKER = /^\[[A-Z][A-Za-z]*\] /;
// wrangler repeats what the build has printed, in a dump of its own error, and then says what it means.
const BUILD_DUMP = /^Error: Command failed /;
const BUILD_FAILED = /^Running custom build .* failed/;
const BUILD = /^\[custom build\] ?(.*)$/;

/**
 * A reader of one output stream, line by line.
 * @returns {(line: string) => LogLine | null} null for a line that is left out
 */
export function createLogReader() {
  /** The level of the message that indented lines go on with. @type {LogLine["level"] | null} */
  let open = null;
  return (line) => {
    const plain = stripVTControlCharacters(line).trimEnd();
    const [, head, headed = plain] = HEADED.exec(plain) ?? [];
    const level = !head ? "log" : head.includes("ERROR") ? "error" : "warn";
    if (WORKER.test(headed)) {
      open = null;
      return { level, source: "worker", text: headed };
    }
    const [, built] = BUILD.exec(plain) ?? [];
    if (built) return built.startsWith("Running:") ? null : { level: "log", source: "build", text: built };
    if (BUILD_FAILED.test(headed)) {
      return { level: "error", source: "build", text: "The build failed: requests wait until one succeeds." };
    }
    if (head) {
      open = BUILD_DUMP.test(headed) ? null : level;
      if (!open) return null;
      return { level, source: "wrangler", text: headed };
    }
    if (plain && !plain.startsWith(" ")) open = null;
    return open && plain ? { level: open, source: "wrangler", text: plain } : null;
  };
}
