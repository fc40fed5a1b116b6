/** Padding: how long a text is says little (Padmé), as in `crypto/vault/padding.py`. */
import { joined, number, numberOf } from "./bytes.js";
import { require } from "./failures.js";

export const LENGTH_BYTES = 4;
export const SHORTEST = 512;
export const LONGEST_TEXT = 1_048_576;

/** @param {Uint8Array} text @returns {Uint8Array} */
export function padded(text) {
  require(text.length <= LONGEST_TEXT, "not-whole");
  const whole = new Uint8Array(paddedLength(LENGTH_BYTES + text.length));
  whole.set(joined(number(text.length, LENGTH_BYTES), text));
  return whole;
}

/** @param {Uint8Array} data @returns {Uint8Array} */
export function unpadded(data) {
  require(data.length >= SHORTEST, "not-whole");
  const length = numberOf(data.subarray(0, LENGTH_BYTES));
  const end = LENGTH_BYTES + length;
  require(length <= LONGEST_TEXT && data.length === paddedLength(end), "not-whole");
  require(data.subarray(end).every((each) => each === 0), "not-whole");
  return data.slice(LENGTH_BYTES, end);
}

/** @param {number} length @returns {number} */
export function paddedLength(length) {
  if (length <= SHORTEST) return SHORTEST;
  const exponent = Math.floor(Math.log2(length));
  const unit = 2 ** (exponent - Math.floor(Math.log2(exponent)) - 1);
  return Math.ceil(length / unit) * unit;
}
