/** BLAKE2b-256, with a label for each use, as in `crypto/vault/hashing.py`. */
import { sodium } from "../vendor/vault/vault.js";
import { joined } from "./bytes.js";

const BYTES = 32;
const NO_SALT = new Uint8Array(16);

/** @param {Uint8Array} label @param {...Uint8Array} data @returns {Uint8Array} */
export function hashed(label, ...data) {
  return sodium.crypto_generichash(BYTES, joined(label, ...data), null);
}

/** @param {Uint8Array} personal @param {Uint8Array} secret @returns {Uint8Array} a key for one use */
export function derived(personal, secret) {
  if (secret.length < 32 || secret.length > 64) throw new RangeError("a secret has 32 to 64 bytes");
  return sodium.crypto_generichash_blake2b_salt_personal(BYTES, secret, NO_SALT, personal);
}
