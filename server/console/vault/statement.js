/** A statement: what somebody has decided, in bytes that travel as they were signed, as in `crypto/vault/statement.py`. */
import { sodium } from "../vendor/vault/vault.js";
import { joined, mustHave, NETWORK_BYTES, text } from "./bytes.js";
import { decode, encode } from "./deterministic.js";
import { require } from "./failures.js";
import { hashed } from "./hashing.js";
import { PURPOSES, STATEMENT_HASH } from "./labels.js";

/** @typedef {import("./deterministic.js").Value} Value */
/** @typedef {{ key: Uint8Array, body: Map<string, Value>, hash: Uint8Array }} Statement */

const VERSION = new Uint8Array([1]);
const KEY_END = 33;
const BODY_AT = 97;
const LONGEST_BODY = 65_536;

/**
 * @param {Uint8Array} seed
 * @param {string} purpose
 * @param {Uint8Array} network
 * @param {Map<string, Value>} said
 * @returns {Uint8Array}
 */
export function make(seed, purpose, network, said) {
  const body = encode(said);
  require(body.length <= LONGEST_BODY, "not-whole");
  const pair = sodium.crypto_sign_seed_keypair(seed);
  const signature = sodium.crypto_sign_detached(signed(purpose, network, body), pair.privateKey);
  return joined(VERSION, pair.publicKey, signature, body);
}

/** @param {Uint8Array} data @param {string} purpose @param {Uint8Array} network @returns {Statement} */
export function verified(data, purpose, network) {
  requireWhole(data);
  const message = signed(purpose, network, data.subarray(BODY_AT));
  require(isSigned(data.subarray(KEY_END, BODY_AT), message, data.subarray(1, KEY_END)), "signature-wrong");
  return remembered(data);
}

/**
 * Read what was verified before. Whoever calls this holds the hash, or one that builds on it, against one that was kept
 * when it was verified.
 * @param {Uint8Array} data @returns {Statement}
 */
export function remembered(data) {
  requireWhole(data);
  const said = decode(data.subarray(BODY_AT));
  require(said instanceof Map, "not-as-written");
  return { key: data.slice(1, KEY_END), body: said, hash: hashOf(data) };
}

/** @param {Uint8Array} data */
function requireWhole(data) {
  require(data.length > 0, "not-whole");
  require(data[0] === VERSION[0], "unknown-version");
  require(data.length > BODY_AT && data.length <= BODY_AT + LONGEST_BODY, "not-whole");
}

/** @param {Uint8Array} data @returns {Uint8Array} */
export function hashOf(data) {
  return hashed(STATEMENT_HASH, data);
}

/** @param {string} purpose @param {Uint8Array} network @param {Uint8Array} body @returns {Uint8Array} */
function signed(purpose, network, body) {
  if (!PURPOSES.includes(purpose)) throw new RangeError("a statement has a purpose of the list");
  mustHave(network, NETWORK_BYTES);
  return joined(text(`streha/${purpose}/v1\0`), network, body);
}

/** @param {Uint8Array} signature @param {Uint8Array} message @param {Uint8Array} key @returns {boolean} */
function isSigned(signature, message, key) {
  try {
    return sodium.crypto_sign_verify_detached(signature, message, key);
  } catch {
    return false;
  }
}
