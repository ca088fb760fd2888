// One instance's memory. A slice is a pointer and a length of four bytes each; structs are laid out as
// src/host_wasm.c asserts.

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

export class Memory {
  /** @param {import("../types/shim.js").CoreExports} core */
  constructor(core) {
    this.core = core;
    this.view = new DataView(core.memory.buffer);
  }

  /** Growing the memory detaches every view on it, and every call into the core may grow it. */
  current() {
    if (this.view.buffer !== this.core.memory.buffer) this.view = new DataView(this.core.memory.buffer);
    return this.view;
  }

  /** @param {number} at */
  word(at) {
    return this.current().getInt32(at, true);
  }

  /** @param {number} at @param {number} value */
  setWord(at, value) {
    this.current().setInt32(at, value, true);
  }

  /** A view, good until the next call into the core. @param {number} at @param {number} length */
  range(at, length) {
    return new Uint8Array(this.core.memory.buffer, at, length);
  }

  /** A copy of the bytes of the slice at an address. @param {number} at */
  bytes(at) {
    return this.range(this.word(at), this.word(at + 4)).slice();
  }

  /** The text of the slice at an address. @param {number} at */
  text(at) {
    return decoder.decode(this.range(this.word(at), this.word(at + 4)));
  }

  /** The texts of `count` slices side by side. @param {number} at @param {number} count */
  texts(at, count) {
    return Array.from({ length: count }, (_, i) => this.text(at + 8 * i));
  }

  /** Puts data into the event's memory, and its slice at an address. @param {number} at @param {string | Uint8Array} data */
  put(at, data) {
    if (data.length === 0) return;
    // A UTF-16 unit becomes three bytes of UTF-8 at most.
    const room = typeof data === "string" ? data.length * 3 : data.length;
    const place = this.core.alloc(room);
    const target = this.range(place, room);
    let length = room;
    if (typeof data === "string") length = encoder.encodeInto(data, target).written;
    else target.set(data);
    this.setWord(at, place);
    this.setWord(at + 4, length);
  }
}
