/** Bytes as people write and read them aloud: letters without lookalikes, five bits each, in groups of five, as in `crypto/paper.py`. */

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const GROUP = 5;
/** @type {Record<string, string>} what people write for what they read */
const LOOKALIKES = { O: "0", I: "1", L: "1" };

/** @param {Uint8Array} bytes @param {number} count @returns {string} so many letters, of the first bits */
export function lettersOf(bytes, count) {
  return Array.from({ length: count }, (_, place) => ALPHABET[bitsAt(bytes, place * 5)]).join("");
}

/** @param {Uint8Array} bytes @param {number} first @returns {number} five bits */
function bitsAt(bytes, first) {
  const at = Math.floor(first / 8);
  const both = (bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0);
  return (both >> (11 - (first % 8))) & 31;
}

/** @param {string} letters of the alphabet alone @returns {Uint8Array} the whole bytes that they stand for */
export function bytesOf(letters) {
  const bytes = new Uint8Array(Math.floor((letters.length * 5) / 8));
  [...letters].forEach((letter, place) => {
    for (let bit = 0; bit < 5; bit += 1) {
      const at = place * 5 + bit;
      const set = (ALPHABET.indexOf(letter) >> (4 - bit)) & 1;
      bytes[at >> 3] = /** @type {number} */ (bytes[at >> 3]) | (set << (7 - (at % 8)));
    }
  });
  return bytes;
}

/** @param {string} letters @returns {string} */
export function grouped(letters) {
  return (letters.match(new RegExp(`.{1,${GROUP}}`, "g")) ?? []).join(" ");
}

/** @param {string} typed @returns {string} what was meant: no spaces or dashes, capitals, digits for what looks like them */
export function plain(typed) {
  return typed.replace(/[\t\n\r \u00a0-]+/g, "").replace(/[a-z]/g, (each) => each.toUpperCase())
    .replace(/[OIL]/g, (each) => LOOKALIKES[each] ?? each);
}

/** @param {string} letters @returns {boolean} */
export function isWritten(letters) {
  return [...letters].every((each) => ALPHABET.includes(each));
}
