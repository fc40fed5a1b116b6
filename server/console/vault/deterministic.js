/** Deterministic CBOR: for everything that may be said there is one row of bytes, as in `crypto/vault/deterministic.py`. */
import { cbor } from "../vendor/vault/vault.js";
import { text } from "./bytes.js";
import { Refused, require } from "./failures.js";

/** @typedef {import("./value.js").Value} Value */

const DEEPEST = 8;
const LONGEST_KEY = 23;

/** @param {unknown} value @returns {Uint8Array} */
export function encode(value) {
  check(value, DEEPEST);
  return cbor.encode(value);
}

/** @param {Uint8Array} data @returns {Value} */
export function decode(data) {
  let value;
  let again;
  try {
    value = cbor.decode(data, {
      allowIndefinite: false, allowUndefined: false, allowInfinity: false, allowNaN: false, allowBigInt: false,
      strict: true, useMaps: true, rejectDuplicateMapKeys: true,
    });
    again = encode(value);
  } catch {
    throw new Refused("not-deterministic");
  }
  require(again.length === data.length && again.every((each, at) => each === data[at]), "not-deterministic");
  return /** @type {Value} */ (value);
}

/** @param {unknown} value @param {number} depth */
function check(value, depth) {
  if (value === null || typeof value === "boolean" || value instanceof Uint8Array) return;
  if (typeof value === "number") require(Number.isSafeInteger(value) && value >= 0 && !Object.is(value, -0), "not-as-written");
  else if (typeof value === "string") require(isText(value), "not-as-written");
  else if (Array.isArray(value) && depth) for (const each of value) check(each, depth - 1);
  else if (value instanceof Map && depth) {
    for (const [key, each] of value) {
      require(typeof key === "string" && isText(key) && text(key).length <= LONGEST_KEY, "not-as-written");
      check(each, depth - 1);
    }
  } else throw new Refused("not-as-written");
}

/** @param {string} value @returns {boolean} whether every program reads it alike: no half of a pair, no byte order mark in front */
function isText(value) {
  return !/\p{Surrogate}|^\uFEFF/u.test(value);
}
