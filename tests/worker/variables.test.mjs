// Configuration variables as the core reads them. A deployment that changes only bindings may keep the isolate:
// https://developers.cloudflare.com/workers/runtime-apis/bindings/#making-changes-to-bindings
import assert from "node:assert/strict";
import { test } from "node:test";

// Node has no JSPI by default, and nothing here waits.
Reflect.set(WebAssembly, "Suspending", function Suspending() {});
const { createHost } = await import(new URL("../../js-shim/host.mjs", import.meta.url).href);
const { createMemory } = await import(new URL("../../js-shim/memory.mjs", import.meta.url).href);

const [NAME_AT, VALUE, LITERAL] = [64, 128, 1024];

/** An instance of the core as far as the memory goes: `name` is a literal of its data. @param {string} name */
function instanceWith(name) {
  let end = 4096;
  const alloc = (/** @type {number} */ size) => (end += size) - size;
  const core = { memory: new WebAssembly.Memory({ initial: 1 }), alloc };
  const memory = createMemory(() => core);
  const { written } = new TextEncoder().encodeInto(name, memory.range(LITERAL, 100));
  memory.setWord(NAME_AT, LITERAL);
  memory.setWord(NAME_AT + 4, written);
  const instance = { memory, core, event: { env: {} } };
  return { instance, host: createHost(instance) };
}

test("a variable is what the event's environment says, whatever it was before", () => {
  const { instance, host } = instanceWith("SUPABASE_JWT_SECRET");
  const read = (/** @type {any} */ env) => {
    instance.event = { env };
    instance.memory.setWord(VALUE, 0);
    instance.memory.setWord(VALUE + 4, 0);
    host.var(NAME_AT, VALUE);
    return instance.memory.text(VALUE);
  };
  for (const secret of ["first", "first", "", "second", "größer", undefined, "third"]) {
    assert.equal(read({ SUPABASE_JWT_SECRET: secret, OTHER: "x" }), secret ?? "");
  }
  assert.equal(read({ SUPABASE_JWT_SECRET: { not: "a text" } }), "");
  assert.equal(read({}), "");
});
