/** Passphrases that are drawn, as in `client/vault/passphrases.py`: seven words of a list of 1,024, which is 70 bits. */
import { sodium } from "../vendor/vault/vault.js";
import { ENGLISH, SERBIAN } from "./drawn_words.js";

const WORDS = 7;
const LATIN = "abcdefghijklmnoprstuv";
const CYRILLIC = "абцдефгхијклмнопрстув";

/** @param {string} language @returns {string} fresh words, by the operating system's randomness */
export function drawn(language) {
  const known = language === "en" ? ENGLISH : SERBIAN;
  return Array.from({ length: WORDS }, () => known[sodium.randombytes_uniform(known.length)]).join(" ");
}

/** @param {string} passphrase one that was drawn @param {string} language @returns {string} as it is shown: in the language's script */
export function shown(passphrase, language) {
  if (language !== "sr-Cyrl") return passphrase;
  return passphrase.replaceAll("lj", "љ").replaceAll("nj", "њ").replace(/[a-z]/g, (each) => CYRILLIC.charAt(LATIN.indexOf(each)));
}
