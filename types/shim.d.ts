// The types that the modules of js-shim share, for their JSDoc.

import type { Memory } from "../js-shim/memory.mjs";

/** What build/worker.wasm exports (src/host_wasm.c). */
export interface CoreExports {
  memory: WebAssembly.Memory;
  alloc(size: number): number;
  end(): void;
  header_names(): number;
  body_limit(): number;
  fetch(request: number): void;
  queue(messages: number, count: number): void;
  scheduled(): void;
}

/** What one event brings along for the host functions. */
export interface Event {
  env: any;
  respond?: (response: Response) => void;
  writer?: WritableStreamDefaultWriter<Uint8Array>;
  messages?: readonly Message<unknown>[];
}

/** One WebAssembly instance; the three events as functions that return when the core has ended. */
export interface Instance {
  event: Event;
  core: CoreExports;
  memory: Memory;
  fetch(request: number): Promise<void>;
  queue(messages: number, count: number): Promise<void>;
  scheduled(): Promise<void>;
}

/** host_jwt, as the keyring takes it. */
export interface Proof {
  alg: string;
  kid: string;
  kty: string;
  crv: string;
  jwksUrl: string;
  secret: string;
  input: Uint8Array;
  signature: Uint8Array;
}

export type Jwk = JsonWebKey & { kid?: string };

/** A published key set. Plain values only: a promise would belong to the request that made it. */
export interface KeySet {
  keys: Jwk[] | null;
  triedAt: number;
}

declare global {
  // JavaScript Promise Integration (https://github.com/WebAssembly/js-promise-integration)
  namespace WebAssembly {
    class Suspending {
      constructor(call: (...args: any[]) => unknown);
    }
    function promising<Args extends unknown[]>(call: (...args: Args) => unknown): (...args: Args) => Promise<void>;
  }
}
