// The types that the modules of js-shim share, for their JSDoc.

/** What build/worker.wasm exports (src/host_wasm.c). */
export interface CoreExports {
  memory: WebAssembly.Memory;
  /** Memory of the event, zeroed. */
  alloc(size: number): number;
  end(): void;
  header_names(): number;
  body_limit(): number;
  failure(): number;
  fetch(request: number): void;
  queue(messages: number, count: number): void;
  scheduled(): void;
}

/** An instance's memory: words and slices at addresses (js-shim/memory.mjs). */
export interface Memory {
  word(at: number): number;
  setWord(at: number, value: number): void;
  /** A view, good until the next call into the core. */
  range(at: number, length: number): Uint8Array<ArrayBuffer>;
  /** A copy of the bytes of the slice at an address. */
  bytes(at: number): Uint8Array<ArrayBuffer>;
  /** The text of the slice at an address. */
  text(at: number): string;
  /** The texts of `count` slices side by side. */
  texts(at: number, count: number): string[];
  /** Puts data into the event's memory, and its slice at an address. */
  put(at: number, data: string | Uint8Array): void;
}

/** What one event brings along for the host functions. */
export interface Event {
  env: any;
  respond?: (response: Response) => void;
  writer?: WritableStreamDefaultWriter<Uint8Array>;
  messages?: readonly Message<unknown>[];
  /** Ends the HTTP calls in flight when one of them takes too long. */
  calls?: AbortController;
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

export type WithInstance = (
  module: WebAssembly.Module,
  event: Event,
  run: (instance: Instance) => Promise<void>,
) => Promise<void>;

/** The imports that wait. Numbers are addresses of slices and structs, counts, or what include/host.h says. */
export interface WaitingImports {
  [name: string]: (...args: any[]) => Promise<unknown>;
  fetch(calls: number, count: number): Promise<unknown>;
  ai_run(call: number): Promise<void>;
  jwt_verify(jwt: number): Promise<number>;
  sha256(bytes: number, digest: number): Promise<void>;
  rate_limit(key: number): Promise<number>;
  queue_send(bodies: number, count: number): Promise<number>;
  sleep(ms: number): Promise<unknown>;
  respond_more(bytes: number): Promise<number>;
}

/** The imports that return at once. */
export interface ImmediateImports {
  respond(status: number, headers: number, body: number, more: number): void;
  message_ack(index: number): void;
  message_retry(index: number, delaySeconds: number): void;
  var(name: number, value: number): void;
  bound(name: number): number;
  now_ms(): number;
  random(at: number, count: number): void;
  log(level: number, text: number): void;
}

/** host_jwt, as the keyring takes it. */
export interface Proof {
  alg: string;
  kid: string;
  kty: string;
  crv: string;
  jwksUrl: string;
  secret: string;
  input: Uint8Array<ArrayBuffer>;
  signature: Uint8Array<ArrayBuffer>;
  /** Milliseconds that a key set is kept when it has the key, and when not. */
  lifetime: number;
  coolDown: number;
  /** Of fetching it: milliseconds and bytes. */
  timeout: number;
  limit: number;
}

/** A published key, and the CryptoKey once it has been used. */
export type Jwk = JsonWebKey & { kid?: string; imported?: CryptoKey };

/** A published key set. Plain values only: a promise would belong to the request that made it. */
export interface KeySet {
  keys: Jwk[] | null;
  triedAt: number;
  /** Being fetched for the first time. */
  pending: boolean;
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
