/** A wrap: the key of one version, for whoever holds the key of an epoch, as in `crypto/vault/wrap.py`. */
import * as aead from "./aead.js";
import { joined, mustHave, number, numberOf } from "./bytes.js";
import { nameOf } from "./content.js";
import { require } from "./failures.js";
import { derived } from "./hashing.js";
import { WRAP_KEY, WRAP_PLACE } from "./labels.js";

/** @typedef {import("./content.js").Place} Place */

const VERSION = new Uint8Array([1]);
const EPOCH_BYTES = 8;
const SEALED_AT = 1 + EPOCH_BYTES;
const WRAP_BYTES = SEALED_AT + aead.ADDED_BYTES + aead.KEY_BYTES;

/** @param {Uint8Array} epochKey @returns {Uint8Array} */
export function keyForWraps(epochKey) {
  return derived(WRAP_KEY, epochKey);
}

/** @param {Uint8Array} wrapKey @param {number} epoch @param {Place} place @param {Uint8Array} contentKey @returns {Uint8Array} */
export function wrap(wrapKey, epoch, place, contentKey) {
  mustHave(contentKey, aead.KEY_BYTES);
  return joined(VERSION, number(epoch, EPOCH_BYTES), aead.seal(wrapKey, nameIn(place, epoch), contentKey));
}

/** @param {Uint8Array} wrapKey @param {number} epoch @param {Place} place @param {Uint8Array} wrapped @returns {Uint8Array} */
export function unwrap(wrapKey, epoch, place, wrapped) {
  require(wrapped.length > 0, "not-whole");
  require(wrapped[0] === VERSION[0], "unknown-version");
  require(wrapped.length === WRAP_BYTES, "not-whole");
  require(numberOf(wrapped.subarray(1, SEALED_AT)) === epoch, "of-another-place");
  return aead.open(wrapKey, nameIn(place, epoch), wrapped.subarray(SEALED_AT));
}

/** @param {Place} place @param {number} epoch @returns {Uint8Array} */
function nameIn(place, epoch) {
  return joined(WRAP_PLACE, nameOf(place), number(epoch, EPOCH_BYTES));
}
