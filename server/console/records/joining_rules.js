/** What a newcomer's browser holds against the paper, and what it signs, as in `client/vault/joining.py`. */
import { hex, same } from "../vault/bytes.js";
import { Refused, require } from "../vault/failures.js";
import { read, readRow, ROWS } from "../vault/invitations.js";
import * as offers from "../vault/key_offers.js";
import { plain } from "../vault/paper_letters.js";

/** @typedef {import("../vault/invitations.js").Invitation} Invitation */
/** @typedef {import("../vault/key_offers.js").Offer} Offer */
/** @typedef {import("../vault/network.js").Network} Network */

const ROW_LETTERS = 20;
const LONGEST_NAME = 200;
const MATRIX_USER = /^@[a-z0-9._=/+-]{1,200}:[A-Za-z0-9.:[\]-]{1,50}$/;
/** What a word may not have that people read: what is not seen, or parts it otherwise than a space. */
const UNSEEN = /[\p{C}\p{Z}]/u;
/** @type {Partial<Record<string, import("../vault/failures.js").Outcome>>} what a refusal of the paper's text is called here */
const OF_PAPER = { "not-whole": "paper-not-whole", "unknown-version": "paper-later" };

/**
 * @param {string} typed
 * @param {string} origin of this page: keys are offered nowhere but where the paper says
 * @returns {Invitation}
 */
export function paperOf(typed, origin) {
  const paper = orOfPaper(() => read(typed));
  const address = URL.canParse(paper.address) ? new URL(paper.address).origin : "";
  if (address !== origin) throw new Refused("another-address", paper.address);
  return paper;
}

/** @param {() => Invitation} reading @returns {Invitation} */
function orOfPaper(reading) {
  try {
    return reading();
  } catch (error) {
    const called = error instanceof Refused ? OF_PAPER[error.outcome] : undefined;
    throw called ? new Refused(called) : error;
  }
}

/**
 * Which rows are not right so far, so that whoever types sees it at once. The last line may still be being typed.
 * @param {string} typed
 * @returns {number[]} from one on
 */
export function slips(typed) {
  const lines = typed.split(/[\n\r]+/).filter((each) => each.trim() && !/[.:/]/.test(each));
  /** @type {number[]} */
  const wrong = [];
  let row = 0;
  lines.forEach((line, nth) => {
    const letters = plain(line);
    // Several rows may stand on one line.
    for (let at = 0; at < letters.length; at += ROW_LETTERS) {
      row += 1;
      const one = letters.slice(at, at + ROW_LETTERS);
      const unfinished = one.length < ROW_LETTERS && nth === lines.length - 1;
      if (row <= ROWS && !unfinished && !isRow(one, row)) wrong.push(row);
    }
  });
  return wrong;
}

/** @param {string} letters @param {number} row @returns {boolean} */
function isRow(letters, row) {
  try {
    return readRow(letters, row) !== "";
  } catch {
    return false;
  }
}

/** @param {string} typed @returns {string} a name without surplus spaces */
export function nameOf(typed) {
  const words = typed.split(/\s+/).filter(Boolean);
  const name = words.join(" ");
  require(words.length > 0 && [...name].length <= LONGEST_NAME && !words.some((each) => UNSEEN.test(each)), "name-wrong");
  return name;
}

/** @param {string} typed @returns {string} */
export function matrixUserOf(typed) {
  const user = typed.trim();
  require(MATRIX_USER.test(user), "not-a-matrix-user");
  return user;
}

/** Hold the verified directory against the paper and the offer. @param {Network} network @param {Invitation} paper @param {import("../vault/key_offers.js").Offered} offered */
export function requireAsOffered(network, paper, { offer, signingKey }) {
  require(network.chain.hashes.some((each) => same(each, paper.head)), "another-past");
  const member = network.now.people.get(hex(offer.person));
  require(member !== undefined && member.signingKey === hex(signingKey) && member.boxKey === hex(offer.box_key), "keys-not-named");
  require(member.agency === hex(offer.agency) && member.matrix.includes(`user ${offer.matrix_user}`), "another-newcomer");
}

/** @param {Uint8Array} offer @param {Uint8Array} genesis @returns {import("../vault/key_offers.js").Offered} */
export function offeredOf(offer, genesis) {
  return offers.read(offer, genesis);
}
