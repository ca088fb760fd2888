// How much of V8's heap an isolate uses, through the inspector. The process's resident memory would not tell: V8 lets
// garbage lie about, and the allocator keeps what it once had.

/**
 * @param {Pick<import("../../lib/worker.mjs").Worker, "inspectorUrl">} worker started with `inspector`
 */
export async function heapOf(worker) {
  const { host } = await worker.inspectorUrl();
  const targets = /** @type {any[]} */ (await (await fetch(`http://${host}/json`)).json());
  const target = targets.find(({ id }) => id.endsWith(":main"));
  const socket = new WebSocket(target.webSocketDebuggerUrl);
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = () => reject(new Error("the inspector cannot be reached"));
  });
  return {
    /** Bytes of JavaScript, of the runtime's own objects and of array buffers. */
    used: () =>
      new Promise((/** @type {(bytes: number) => void} */ resolve) => {
        socket.onmessage = ({ data }) => {
          const { result } = JSON.parse(data);
          if (result) resolve(result.usedSize + result.embedderHeapUsedSize + result.backingStorageSize);
        };
        socket.send(JSON.stringify({ id: 1, method: "Runtime.getHeapUsage" }));
      }),
    close: () => socket.close(),
  };
}
