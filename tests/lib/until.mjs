// Waiting for something to become true, without sleeping for a guessed time.

const POLL_MS = 20;

/**
 * Asks `probe` until it returns something truthy, and returns that.
 * @template T
 * @param {string} what what is waited for, for the message of the failure
 * @param {() => T | Promise<T>} probe a thrown error counts as "not yet"
 * @param {number} [deadlineMs]
 * @returns {Promise<T>}
 */
export async function until(what, probe, deadlineMs = 30_000) {
  const end = Date.now() + deadlineMs;
  for (;;) {
    let last;
    try {
      last = await probe();
      if (last) return last;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) {
      const shown = last instanceof Error ? last.message : JSON.stringify(last);
      throw new Error(`After ${deadlineMs} ms still not: ${what}; last: ${shown}`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
