/** Rows of bytes: put together, compared, and numbers in them (big-endian). */
import { sodium } from "../vendor/vault/vault.js";

export const ID_BYTES = 16;
export const NETWORK_BYTES = 32;

/** @param {string} written @returns {Uint8Array} */
export function text(written) {
  return new TextEncoder().encode(written);
}

/** @param {...Uint8Array} parts @returns {Uint8Array} */
export function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((length, each) => length + each.length, 0));
  let at = 0;
  for (const each of parts) {
    whole.set(each, at);
    at += each.length;
  }
  return whole;
}

/** @param {Uint8Array} one @param {Uint8Array} other @returns {boolean} in a time that tells nothing of where they differ */
export function same(one, other) {
  return one.length === other.length && sodium.memcmp(one, other);
}

/** @param {number} value @param {number} length @returns {Uint8Array} */
export function number(value, length) {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError("a number is whole and not negative");
  const bytes = new Uint8Array(length);
  let rest = value;
  for (let at = length - 1; at >= 0; at -= 1) {
    bytes[at] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  if (rest) throw new RangeError("a number is too large");
  return bytes;
}

/** @param {Uint8Array} bytes @returns {number} beyond 2^53 it is not exact, and larger than any that is allowed */
export function numberOf(bytes) {
  return bytes.reduce((value, each) => value * 256 + each, 0);
}

/** @param {Uint8Array} bytes @returns {string} in hexadecimal digits */
export function hex(bytes) {
  return sodium.to_hex(bytes);
}

/** @param {Uint8Array} bytes @param {number} length */
export function mustHave(bytes, length) {
  if (bytes.length !== length) throw new RangeError(`these must be ${length} bytes`);
}

/** @param {Uint8Array} one @param {Uint8Array} other @returns {number} less than, equal to or more than nought */
export function order(one, other) {
  const length = Math.min(one.length, other.length);
  for (let at = 0; at < length; at += 1) {
    const difference = /** @type {number} */ (one[at]) - /** @type {number} */ (other[at]);
    if (difference) return difference;
  }
  return one.length - other.length;
}
