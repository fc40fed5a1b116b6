/** What stands behind the `#` of the address: a screen, or for a moment the one-time code of a sign-in link. */

const CODE = /^#([A-Za-z0-9_-]{16,})$/;

/** @param {string} hash @returns {"board" | "device" | "drill" | "other" | "ways"} */
export function screenOf(hash) {
  if (hash === "#/other") return "other";
  if (hash === "#/device") return "device";
  if (hash === "#/ways") return "ways";
  return hash === "#/drill" ? "drill" : "board";
}

/**
 * Return the code of a sign-in link, or nothing.
 * @param {string} hash
 */
export function codeOf(hash) {
  return CODE.exec(hash)?.[1] ?? "";
}
