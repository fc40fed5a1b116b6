/** A passphrase as it was meant, however the keyboard stood, as in `crypto/vault/passphrase.py`. */

const LATIN = "abcdefghijklmnoprstuv";
const CYRILLIC = "абцдефгхијклмнопрстув";
const SPACES = "\t\n\r \u00a0";

/** @type {ReadonlyMap<string, string>} */
const PLAIN = new Map([
  ...[...SPACES].map((each) => pair(each, each)),
  ...[...LATIN].flatMap((each) => [pair(each, each), pair(each.toUpperCase(), each)]),
  ...[...CYRILLIC].flatMap((each, at) => [pair(each, LATIN.charAt(at)), pair(each.toUpperCase(), LATIN.charAt(at))]),
  pair("љ", "lj"), pair("Љ", "lj"), pair("њ", "nj"), pair("Њ", "nj"),
]);

/** @param {string} passphrase @returns {string} of easy letters in lower-case Latin; any other as it is */
export function plain(passphrase) {
  const read = [...passphrase].map((each) => PLAIN.get(each));
  return read.includes(undefined) ? passphrase : read.join("");
}

/** @param {string} from @param {string} to @returns {[string, string]} */
function pair(from, to) {
  return [from, to];
}
