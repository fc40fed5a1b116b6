/**
 * The brief of a way: what is to be filled in, and what of it is not. The rules of operations/brief.py, told a second time
 * for browsers. Pure.
 */
import { LANGUAGES } from "../texts.js";
import { spoken } from "../rare/way_kinds.js";

/**
 * @typedef {import("../rare/way_kinds.js").Spoken} Spoken
 * @typedef {import("../rare/way_kinds.js").WayKind} WayKind
 * @typedef {import("../rare/way_kinds.js").WayKinds} WayKinds
 */

export const BRIEF = "brief";
const KEPT_BY_PROGRAMS = '{"what":';

/** @param {WayKinds} kinds @param {WayKind} kind @param {string} [codename] @returns {string} a brief to be filled in */
export function blank({ headings, hand_over: handOver }, { name, hands_over: brings, steps }, codename = "") {
  const means = steps.map(({ wording }, nth) => `${nth + 1}. ${spoken(wording)}`).join("\n");
  const [first, ...rest] = [...headings, ...(brings ? [handOver] : [])].map((each) => `${spoken(each)}:`);
  return `${[spoken(name), means, codename ? `${first} ${codename}` : first, ...rest].join("\n\n")}\n`;
}

/** Whether a program keeps something in a record of this kind, that nobody can tell it from a brief. @param {string} kind @param {string} text */
export function isKeptByPrograms(kind, text) {
  return kind === BRIEF && text.startsWith(KEPT_BY_PROGRAMS);
}

/**
 * The headings under which nothing stands; of the hand-over only where its heading is there.
 * @param {WayKinds} kinds
 * @param {string} text
 * @returns {string[]} in the language that is spoken now
 */
export function emptyIn({ headings, hand_over: handOver }, text) {
  const known = [...headings, handOver].flatMap((each) => Object.keys(LANGUAGES).map((one) => ({ begins: `${each[one]}:`.toLowerCase(), heading: each })));
  /** @type {Set<Spoken>} */
  const filled = new Set();
  /** @type {Spoken | null} */
  let under = null;
  let handsOver = false;
  for (const line of text.split(/\r\n|\r|\n/)) {
    let said = line.trim();
    const begun = known.find(({ begins }) => said.toLowerCase().startsWith(begins));
    if (begun) {
      under = begun.heading;
      handsOver ||= under === handOver;
      said = said.slice(begun.begins.length).trim();
    }
    if (said && under) filled.add(under);
  }
  return [...headings, ...(handsOver ? [handOver] : [])].filter((each) => !filled.has(each)).map(spoken);
}
