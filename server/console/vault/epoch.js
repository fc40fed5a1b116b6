/** The key of an epoch, promised in the log and granted to each member alone, as in `crypto/vault/epoch.py`. */
import { KEY_BYTES } from "./aead.js";
import { ID_BYTES, joined, mustHave, NETWORK_BYTES, number, same } from "./bytes.js";
import { require } from "./failures.js";
import { hashed } from "./hashing.js";
import { EPOCH_PROMISE, GRANT_PLACE } from "./labels.js";
import * as sealedBox from "./sealed_box.js";

/** @typedef {{ network: Uint8Array, compartment: Uint8Array, number: number }} Epoch */

/** @param {Epoch} epoch @param {Uint8Array} key @returns {Uint8Array} */
export function promise(epoch, key) {
  mustHave(key, KEY_BYTES);
  return hashed(EPOCH_PROMISE, nameOf(epoch), key);
}

/** @param {Epoch} epoch @param {Uint8Array} key @param {Uint8Array} member @param {Uint8Array} memberKey @returns {Uint8Array} */
export function grant(epoch, key, member, memberKey) {
  mustHave(key, KEY_BYTES);
  return sealedBox.seal(memberKey, joined(placeOf(epoch, member, memberKey), key));
}

/**
 * @param {Uint8Array} secret
 * @param {Uint8Array} sealed
 * @param {Epoch} epoch
 * @param {Uint8Array} member
 * @param {Uint8Array} promised
 * @returns {Uint8Array}
 */
export function accept(secret, sealed, epoch, member, promised) {
  const page = sealedBox.open(secret, sealed);
  const place = placeOf(epoch, member, sealedBox.publicKey(secret));
  require(page.length === place.length + KEY_BYTES, "not-whole");
  require(same(page.subarray(0, place.length), place), "of-another-place");
  const key = page.slice(place.length);
  require(same(promise(epoch, key), promised), "key-not-promised");
  return key;
}

/** @param {Epoch} epoch @returns {Uint8Array} */
function nameOf(epoch) {
  mustHave(epoch.network, NETWORK_BYTES);
  mustHave(epoch.compartment, ID_BYTES);
  return joined(epoch.network, epoch.compartment, number(epoch.number, 8));
}

/** @param {Epoch} epoch @param {Uint8Array} member @param {Uint8Array} memberKey @returns {Uint8Array} */
function placeOf(epoch, member, memberKey) {
  mustHave(member, ID_BYTES);
  return joined(GRANT_PLACE, nameOf(epoch), member, memberKey);
}
