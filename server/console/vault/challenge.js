/** The answer to a challenge: that somebody holds a person's signing key, for one origin, once, as in `crypto/sign_in.py`. */
import { sodium } from "../vendor/vault/vault.js";
import { ID_BYTES, joined, mustHave, NETWORK_BYTES } from "./bytes.js";
import { encode } from "./deterministic.js";
import { SIGN_IN_PLACE } from "./labels.js";

const NONCE_BYTES = 32;

/**
 * @param {Uint8Array} seed
 * @param {Uint8Array} service what stands for the name of the network in sign-ins: no genesis
 * @param {string} origin of the page that signs, as the browser says it: a challenge that a look-alike site relays is worth nothing elsewhere
 * @param {Uint8Array} person
 * @param {Uint8Array} nonce
 * @returns {Uint8Array} the signature
 */
export function answered(seed, service, origin, person, nonce) {
  mustHave(service, NETWORK_BYTES);
  mustHave(person, ID_BYTES);
  mustHave(nonce, NONCE_BYTES);
  const body = encode(new Map(Object.entries({ nonce, origin, person })));
  return sodium.crypto_sign_detached(joined(SIGN_IN_PLACE, service, body), sodium.crypto_sign_seed_keypair(seed).privateKey);
}
