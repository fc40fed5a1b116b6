/** A person's keys, locked with what they know and what a device holds, as in `crypto/vault/bundle.py`. */
import { sodium } from "../vendor/vault/vault.js";
import * as aead from "./aead.js";
import { ID_BYTES, joined, mustHave, NETWORK_BYTES, number, numberOf, same, text } from "./bytes.js";
import { Refused, require } from "./failures.js";
import { derived } from "./hashing.js";
import { BUNDLE_KEY, BUNDLE_PLACE } from "./labels.js";
import { publicKey } from "./sealed_box.js";

/** @typedef {{ network: Uint8Array, person: Uint8Array, signingKey: Uint8Array, boxKey: Uint8Array }} Owner */
/** @typedef {{ seed: Uint8Array, secret: Uint8Array }} Keys */
/** @typedef {{ kind: number, passphrase: string, deviceSecret: Uint8Array }} Opening */

export const DEVICE = 1;
export const PASSKEY = 2;
const HEAD_BYTES = 26;
const BUNDLE_BYTES = HEAD_BYTES + aead.ADDED_BYTES + 64;
const FEWEST_PASSES = 3;
const MOST_PASSES = 10;
const LEAST_MEMORY_KIB = 131_072;
const MOST_MEMORY_KIB = 1_048_576;

/** @param {Keys} keys @param {Uint8Array} network @param {Uint8Array} person @returns {Owner} */
export function owner(keys, network, person) {
  const signingKey = sodium.crypto_sign_seed_keypair(keys.seed).publicKey;
  return { network, person, signingKey, boxKey: publicKey(keys.secret) };
}

/** @param {Keys} keys @param {Owner} whose @param {Opening} opening @returns {Uint8Array} */
export function lock(keys, whose, opening) {
  const head = joined(
    new Uint8Array([1, opening.kind]), number(FEWEST_PASSES, 4), number(LEAST_MEMORY_KIB, 4), sodium.randombytes_buf(16),
  );
  return joined(head, aead.seal(keyOf(opening, head), placeOf(whose, head), joined(keys.seed, keys.secret)));
}

/** @param {Uint8Array} bundle @param {Owner} whose @param {Opening} opening @returns {Keys} */
export function unlock(bundle, whose, opening) {
  require(bundle.length > 0, "not-whole");
  require(bundle[0] === 1, "unknown-version");
  require(bundle.length === BUNDLE_BYTES, "not-whole");
  require(bundle[1] === opening.kind, "of-another-place");
  const head = bundle.subarray(0, HEAD_BYTES);
  const [passes, memory] = parametersOf(head);
  require(passes >= FEWEST_PASSES && memory >= LEAST_MEMORY_KIB, "too-easy-to-guess");
  require(passes <= MOST_PASSES && memory <= MOST_MEMORY_KIB, "too-hard-to-open");
  const opened = aead.open(keyOf(opening, head), placeOf(whose, head), bundle.subarray(HEAD_BYTES));
  const keys = { seed: opened.slice(0, 32), secret: opened.slice(32) };
  const theirs = owner(keys, whose.network, whose.person);
  require(same(theirs.signingKey, whose.signingKey) && same(theirs.boxKey, whose.boxKey), "of-another-place");
  return keys;
}

/** @param {string} passphrase @returns {Uint8Array} its bytes, however its spaces and accents were typed */
export function normal(passphrase) {
  return text(passphrase.normalize("NFC").split(/[\t\n\r \u00a0]+/u).filter(Boolean).join(" "));
}

/** @param {Opening} opening @param {Uint8Array} head @returns {Uint8Array} */
function keyOf({ passphrase, deviceSecret }, head) {
  mustHave(deviceSecret, 32);
  const [passes, memory] = parametersOf(head);
  const salt = head.subarray(10);
  let stretched;
  try {
    stretched = sodium.crypto_pwhash(
      32, normal(passphrase), salt, passes, memory * 1024, sodium.crypto_pwhash_ALG_ARGON2ID13,
    );
  } catch {
    // A phone that has not so much memory.
    throw new Refused("too-hard-to-open");
  }
  return derived(BUNDLE_KEY, joined(stretched, deviceSecret));
}

/** @param {Uint8Array} head @returns {[number, number]} passes, and memory in KiB */
function parametersOf(head) {
  return [numberOf(head.subarray(2, 6)), numberOf(head.subarray(6, 10))];
}

/** @param {Owner} whose @param {Uint8Array} head @returns {Uint8Array} */
function placeOf({ network, person, signingKey, boxKey }, head) {
  mustHave(network, NETWORK_BYTES);
  mustHave(person, ID_BYTES);
  return joined(BUNDLE_PLACE, network, person, signingKey, boxKey, head);
}
