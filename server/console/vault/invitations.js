/**
 * An invitation as it stands on paper and in a QR code, as in `crypto/vault/invitation.py`: which network, with which past,
 * at which address, for which role, and a token. Rows of letters notice a slip of the pen each by itself; a check at the end
 * covers the address too.
 */
import { joined, mustHave, number, same, text as ascii } from "./bytes.js";
import { Refused, require } from "./failures.js";
import { hashed } from "./hashing.js";
import { INVITATION_CHECK, INVITATION_ROW } from "./labels.js";
import { bytesOf, grouped, isWritten, lettersOf, plain } from "./paper_letters.js";

/**
 * @typedef {{ role: string, genesis: Uint8Array, head: Uint8Array, token: Uint8Array, address: string }} Invitation
 * `address` has its scheme.
 */

const VERSION = 2;
export const ROLES = ["practitioner", "security_officer", "administrator"];
const HASH_BYTES = 32;
const TOKEN_BYTES = 16;
const CHECK_BYTES = 8;
export const ROWS = 9;
const ROW_BYTES = 10;
const DATA_LETTERS = 16;
const CHECK_LETTERS = 4;
const LONGEST_ADDRESS = 200;
const LONGEST_TEXT = 4096;
const SCHEME = "https://";

/** @param {Invitation} invitation @returns {string} what the QR code says: the rows, and the address below them */
export function text(invitation) {
  const whole = wholeOf(invitation);
  const rows = Array.from({ length: ROWS }, (_, at) => row(at, whole.subarray(at * ROW_BYTES, (at + 1) * ROW_BYTES)));
  return [...rows, shownAddress(invitation)].join("\n");
}

/** @param {Invitation} invitation @returns {string} as it is typed */
export function shownAddress({ address }) {
  return address.startsWith(SCHEME) ? address.slice(SCHEME.length) : address;
}

/** @param {string} typed @param {number} which from one on @returns {string} a typed row, as it is written on the paper */
export function readRow(typed, which) {
  const letters = plain(typed);
  const isRow = letters.length === DATA_LETTERS + CHECK_LETTERS && isWritten(letters);
  const written = isRow ? row(which - 1, bytesOf(letters.slice(0, DATA_LETTERS))) : "";
  if (!isRow || plain(written) !== letters) throw new Refused("row-wrong", String(which));
  return written;
}

/** @param {string} typed a whole text, however it was spaced @returns {Invitation} */
export function read(typed) {
  require([...typed].length <= LONGEST_TEXT, "not-whole");
  const words = typed.split(/[\t\n\r \u00a0]+/).filter(Boolean);
  const addresses = words.filter((each) => /[.:/]/.test(each));
  const letters = [...plain(words.filter((each) => !addresses.includes(each)).join(""))];
  const length = DATA_LETTERS + CHECK_LETTERS;
  require(addresses.length === 1 && letters.length === ROWS * length, "not-whole");
  const rows = Array.from({ length: ROWS }, (_, at) => letters.slice(at * length, (at + 1) * length).join(""));
  return putTogether(rows, /** @type {string} */ (addresses[0]));
}

/** @param {string[]} typed nine rows @param {string} written the address @returns {Invitation} */
export function putTogether(typed, written) {
  require(typed.length === ROWS, "not-whole");
  const rows = typed.map((each, at) => plain(readRow(each, at + 1)));
  const whole = joined(...rows.map((each) => bytesOf(each.slice(0, DATA_LETTERS))));
  require(whole[0] === VERSION, "unknown-version");
  const address = written.includes("://") ? written : SCHEME + written;
  require(isAddress(address), "invitation-wrong");
  const body = whole.subarray(0, -CHECK_BYTES);
  require(same(whole.subarray(-CHECK_BYTES), checkOf(body, address)), "invitation-wrong");
  const role = ROLES[/** @type {number} */ (body[1]) - 1];
  // The check holds: a later program has made it so.
  if (role === undefined) throw new Refused("unknown-version");
  const [headAt, tokenAt] = [2 + HASH_BYTES, 2 + 2 * HASH_BYTES];
  return { role, genesis: body.slice(2, headAt), head: body.slice(headAt, tokenAt), token: body.slice(tokenAt), address };
}

/** @param {Invitation} invitation @returns {Uint8Array} */
function wholeOf({ role, genesis, head, token, address }) {
  if (!ROLES.includes(role) || !isAddress(address)) throw new RangeError("an invitation has a role and an address");
  mustHave(genesis, HASH_BYTES);
  mustHave(head, HASH_BYTES);
  mustHave(token, TOKEN_BYTES);
  const first = new Uint8Array([VERSION, 1 + ROLES.indexOf(role)]);
  const body = joined(first, genesis, head, token);
  return joined(body, checkOf(body, address));
}

/** @param {Uint8Array} body @param {string} address @returns {Uint8Array} */
function checkOf(body, address) {
  return hashed(INVITATION_CHECK, body, ascii(address)).slice(0, CHECK_BYTES);
}

/** @param {number} at @param {Uint8Array} data @returns {string} */
function row(at, data) {
  const check = lettersOf(hashed(INVITATION_ROW, number(at, 1), data), CHECK_LETTERS);
  return grouped(lettersOf(data, DATA_LETTERS) + check);
}

/** @param {string} address @returns {boolean} */
function isAddress(address) {
  return /^[!-~]+$/.test(address) && address.length <= LONGEST_ADDRESS && address.includes("://");
}
