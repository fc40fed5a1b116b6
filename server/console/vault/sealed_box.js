/** libsodium's sealed box, and which keys one may seal to, as in `crypto/vault/sealed_box.py`. */
import { sodium } from "../vendor/vault/vault.js";
import { Refused, require } from "./failures.js";

const KEY_BYTES = 32;
const ADDED_BYTES = 48;

/** @param {Uint8Array} secret @returns {Uint8Array} */
export function publicKey(secret) {
  return sodium.crypto_scalarmult_base(secret);
}

/** @param {Uint8Array} key @param {Uint8Array} page @returns {Uint8Array} */
export function seal(key, page) {
  require(key.length === KEY_BYTES, "key-unusable");
  try {
    sodium.crypto_scalarmult(sodium.randombytes_buf(KEY_BYTES), key);
  } catch {
    throw new Refused("key-unusable");
  }
  return sodium.crypto_box_seal(page, key);
}

/** @param {Uint8Array} secret @param {Uint8Array} sealed @returns {Uint8Array} */
export function open(secret, sealed) {
  require(sealed.length >= ADDED_BYTES, "not-whole");
  try {
    return sodium.crypto_box_seal_open(sealed, publicKey(secret), secret);
  } catch {
    throw new Refused("seal-broken");
  }
}
