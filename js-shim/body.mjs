// Reading a body of unknown length up to a limit.

/** The body's bytes, or null when it has more than `limit`. Rejects when the body breaks off. */
/** @param {Request | Response} message @param {number} limit */
export async function readBody(message, limit) {
  // A declared length holds, unless the body is compressed: then it counts fewer bytes.
  const declared = Number(message.headers.get("content-length") ?? NaN);
  if (declared <= limit && !message.headers.has("content-encoding")) {
    const bytes = new Uint8Array(await message.arrayBuffer());
    return bytes.length <= limit ? bytes : null;
  }
  if (!message.body) return new Uint8Array();
  const chunks = [];
  let length = 0;
  for await (const chunk of message.body) {
    length += chunk.length;
    if (length > limit) return null;
    chunks.push(chunk);
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}
