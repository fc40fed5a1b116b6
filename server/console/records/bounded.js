/** Answers of any length are read only so far: nothing of the server's fills a machine's memory. */
import { Failure } from "../api.js";

/** As much as `client/line.py` reads. An honest answer holds 8 MiB of contents at most, in base64. */
export const LARGEST_ANSWER = 12 * 1024 * 1024;

/** @param {typeof globalThis.fetch} fetch @returns {typeof globalThis.fetch} whose answers break off where they become too long */
export function bounded(fetch) {
  return async (path, options) => {
    const answer = await fetch(path, options);
    // In Chromium even what has no content can have a body, and none can be made of it.
    if (!answer.body || answer.status === 204) return answer;
    let size = 0;
    /** @type {TransformStream<Uint8Array, Uint8Array>} */
    const counting = new TransformStream({
      transform(part, flow) {
        size += part.byteLength;
        if (size > LARGEST_ANSWER) flow.error(new Failure("garbled", answer.status));
        else flow.enqueue(part);
      },
    });
    const { status, headers } = answer;
    return new Response(answer.body.pipeThrough(counting), { status, headers });
  };
}
