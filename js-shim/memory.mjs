// One instance's memory. A slice is a pointer and a length of four bytes each; structs are laid out as
// src/host_wasm.c asserts.

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });

/** @param {() => import("../types/shim.js").CoreExports} core @returns {import("../types/shim.js").Memory} */
export function createMemory(core) {
  let view = new DataView(new ArrayBuffer(0));
  // Growing the memory detaches every view on it, and every call into the core may grow it.
  const current = () => (view.buffer === core().memory.buffer ? view : (view = new DataView(core().memory.buffer)));
  return {
    word: (at) => current().getInt32(at, true),
    setWord: (at, value) => current().setInt32(at, value, true),
    range: (at, length) => new Uint8Array(core().memory.buffer, at, length),
    bytes(at) {
      return this.range(this.word(at), this.word(at + 4)).slice();
    },
    text(at) {
      return decoder.decode(this.range(this.word(at), this.word(at + 4)));
    },
    texts(at, count) {
      return Array.from({ length: count }, (_, i) => this.text(at + 8 * i));
    },
    alloc(size) {
      const at = core().alloc(size);
      this.range(at, size).fill(0);
      return at;
    },
    put(at, data) {
      if (data.length === 0) return;
      // A UTF-16 unit becomes three bytes of UTF-8 at most.
      const room = typeof data === "string" ? data.length * 3 : data.length;
      const place = core().alloc(room);
      const target = this.range(place, room);
      if (typeof data !== "string") target.set(data);
      this.setWord(at, place);
      this.setWord(at + 4, typeof data === "string" ? encoder.encodeInto(data, target).written : room);
    },
  };
}
