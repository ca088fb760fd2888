// Puts the tables of a full run where docs/benchmarks.md shows them.
import { readFile, writeFile } from "node:fs/promises";
import { projectPath } from "./contenders.mjs";

/**
 * Replaces what stands between `<!-- name -->` and `<!-- end of name -->`.
 * @param {string} name
 * @param {string} text
 */
export async function publish(name, text) {
  const path = projectPath("docs/benchmarks.md");
  const page = await readFile(path, "utf8");
  const begin = `<!-- ${name} -->\n`;
  const from = page.indexOf(begin);
  const to = page.indexOf(`<!-- end of ${name} -->`);
  if (from < 0 || to < from) throw new Error(`docs/benchmarks.md has no place for the ${name}`);
  await writeFile(path, `${page.slice(0, from)}${begin}\`\`\`\n${text}\`\`\`\n${page.slice(to)}`);
}
