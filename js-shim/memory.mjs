// One instance's memory. A slice is a pointer and a length of four bytes each; structs are laid out as
// src/host_wasm.c asserts.

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });

/** @param {() => import("../types/shim.js").CoreExports} core @returns {import("../types/shim.js").Memory} */
export function createMemory(core) {
  let bytes = new Uint8Array();
  let words = new Int32Array();
  // Growing the memory empties every view on it, and every call into the core may grow it.
  function refresh() {
    if (bytes.length > 0) return;
    bytes = new Uint8Array(core().memory.buffer);
    words = new Int32Array(bytes.buffer);
  }
  return {
    word: (at) => (refresh(), words[at >> 2]),
    setWord: (at, value) => void (refresh(), (words[at >> 2] = value)),
    range: (at, length) => (refresh(), bytes.subarray(at, at + length)),
    bytes(at) {
      return this.range(this.word(at), this.word(at + 4)).slice();
    },
    text(at) {
      const length = this.word(at + 4);
      return length ? decoder.decode(this.range(this.word(at), length)) : "";
    },
    texts(at, count) {
      return Array.from({ length: count }, (_, i) => this.text(at + 8 * i));
    },
    put(at, data) {
      if (data.length === 0) return;
      // A UTF-16 unit becomes three bytes of UTF-8 at most.
      const room = typeof data === "string" ? data.length * 3 : data.length;
      const place = core().alloc(room);
      const target = this.range(place, room);
      const length = typeof data === "string" ? encoder.encodeInto(data, target).written : (target.set(data), room);
      this.setWord(at, place);
      this.setWord(at + 4, length);
    },
  };
}
