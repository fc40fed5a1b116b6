/** XChaCha20-Poly1305 as the vault uses it: a fresh nonce in front, the place beside, as in `crypto/vault/aead.py`. */
import { sodium } from "../vendor/vault/vault.js";
import { joined, mustHave } from "./bytes.js";
import { Refused, require } from "./failures.js";

export const KEY_BYTES = 32;
export const NONCE_BYTES = 24;
export const ADDED_BYTES = NONCE_BYTES + 16;

/** @returns {Uint8Array} */
export function newKey() {
  return sodium.randombytes_buf(KEY_BYTES);
}

/** @param {Uint8Array} key @param {Uint8Array} place @param {Uint8Array} plain @returns {Uint8Array} */
export function seal(key, place, plain) {
  mustHave(key, KEY_BYTES);
  const nonce = sodium.randombytes_buf(NONCE_BYTES);
  return joined(nonce, sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(plain, place, null, nonce, key));
}

/** @param {Uint8Array} key @param {Uint8Array} place @param {Uint8Array} sealed @returns {Uint8Array} */
export function open(key, place, sealed) {
  mustHave(key, KEY_BYTES);
  require(sealed.length >= ADDED_BYTES, "not-whole");
  const [nonce, rest] = [sealed.subarray(0, NONCE_BYTES), sealed.subarray(NONCE_BYTES)];
  try {
    return sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(null, rest, place, nonce, key);
  } catch {
    throw new Refused("seal-broken");
  }
}
