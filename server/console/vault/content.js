/** What stands in one version of a record, sealed with a key of its own, as in `crypto/vault/content.py`. */
import * as aead from "./aead.js";
import { ID_BYTES, joined, mustHave, NETWORK_BYTES, same } from "./bytes.js";
import { require } from "./failures.js";
import { hashed } from "./hashing.js";
import { CONTENT_HASH, CONTENT_PLACE, CONTENT_PROMISE } from "./labels.js";
import { LENGTH_BYTES, LONGEST_TEXT, padded, paddedLength, SHORTEST, unpadded } from "./padding.js";

/** @typedef {{ network: Uint8Array, compartment: Uint8Array, record: Uint8Array, version: Uint8Array }} Place */
/** @typedef {{ content: Uint8Array, hash: Uint8Array, promise: Uint8Array }} Sealed */

const VERSION = new Uint8Array([1]);
const LONGEST = 1 + aead.ADDED_BYTES + paddedLength(LENGTH_BYTES + LONGEST_TEXT);

/** @param {Uint8Array} key @param {Place} place @param {Uint8Array} text @returns {Sealed} */
export function seal(key, place, text) {
  const content = joined(VERSION, aead.seal(key, joined(CONTENT_PLACE, nameOf(place)), padded(text)));
  return { content, hash: hashOf(content), promise: promise(key, place) };
}

/** @param {Uint8Array} key @param {Place} place @param {Sealed} sealed @returns {Uint8Array} */
export function open(key, place, { content, hash, promise: promised }) {
  require(content.length > 0, "not-whole");
  require(content[0] === VERSION[0], "unknown-version");
  require(content.length >= 1 + aead.ADDED_BYTES + SHORTEST && content.length <= LONGEST, "not-whole");
  require(same(hashOf(content), hash), "seal-broken");
  require(same(promise(key, place), promised), "key-not-promised");
  return unpadded(aead.open(key, joined(CONTENT_PLACE, nameOf(place)), content.subarray(1)));
}

/** @param {Uint8Array} content @returns {Uint8Array} */
export function hashOf(content) {
  return hashed(CONTENT_HASH, content);
}

/** @param {Uint8Array} key @param {Place} place @returns {Uint8Array} */
export function promise(key, place) {
  return hashed(CONTENT_PROMISE, CONTENT_PLACE, nameOf(place), key);
}

/** @param {Place} place @returns {Uint8Array} */
export function nameOf({ network, compartment, record, version }) {
  mustHave(network, NETWORK_BYTES);
  for (const each of [compartment, record, version]) mustHave(each, ID_BYTES);
  return joined(network, compartment, record, version);
}
