/** Bytes and ids as the API writes them: base64, and UUIDs. */

/** @param {string} text @returns {Uint8Array | null} nothing where it is no base64 */
export function fromBase64(text) {
  try {
    return Uint8Array.from(atob(text), (each) => each.charCodeAt(0));
  } catch {
    return null;
  }
}

/** @param {Uint8Array} bytes */
export function toBase64(bytes) {
  let text = "";
  // In parts: a row of a million arguments is too long for a call.
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
}

/** @param {Uint8Array | string} id its 16 bytes, or these in hexadecimal @returns {string} */
export function uuid(id) {
  const digits = typeof id === "string" ? id : [...id].map((each) => each.toString(16).padStart(2, "0")).join("");
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** @param {string} text a UUID, or an id or key in hexadecimal digits @returns {Uint8Array} */
export function idBytes(text) {
  const digits = text.replaceAll("-", "").match(/../g) ?? [];
  return Uint8Array.from(digits, (each) => parseInt(each, 16));
}

/** @returns {Uint8Array} a fresh id */
export function newId() {
  return idBytes(crypto.randomUUID());
}

/** @param {string} written a UUID @returns {string} the id in hexadecimal, as the logs' state has it */
export function idOf(written) {
  return written.replaceAll("-", "");
}
