/** Keys that somebody offers for an administrator to attest, and the code that both compare by voice, as in `agencies/trust/offers.py`. */
import { id, key, mapOf, moment, oneOf, text } from "./deeds.js";
import { hashed } from "./hashing.js";
import { ROLES } from "./invitations.js";
import { OFFER, OFFER_CODE } from "./labels.js";
import { grouped, lettersOf } from "./paper_letters.js";
import { make as makeStatement, verified } from "./statement.js";

/**
 * @typedef {{ person: Uint8Array, agency: Uint8Array, name: string, role: string, matrix_user: string, box_key: Uint8Array,
 *   at: number }} Offer
 * @typedef {{ offer: Offer, signingKey: Uint8Array, code: string }} Offered
 */

const CODE_LETTERS = 20;
const FIELDS = {
  person: id, agency: id, name: text(1, 200), role: oneOf(...ROLES), matrix_user: text(0, 255), box_key: key, at: moment,
};

/** @param {Uint8Array} seed @param {Uint8Array} network @param {Offer} offer @returns {Uint8Array} */
export function make(seed, network, offer) {
  const body = new Map(Object.entries(offer));
  mapOf(FIELDS)(body);
  return makeStatement(seed, OFFER, network, body);
}

/** @param {Uint8Array} data @param {Uint8Array} network @returns {Offered} */
export function read(data, network) {
  const said = verified(data, OFFER, network);
  return { offer: mapOf(FIELDS)(said.body), signingKey: said.key, code: codeOf(data) };
}

/** @param {Uint8Array} data @returns {string} what is read aloud */
function codeOf(data) {
  return grouped(lettersOf(hashed(OFFER_CODE, data), CODE_LETTERS));
}
