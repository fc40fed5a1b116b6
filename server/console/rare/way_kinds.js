/**
 * What a way of each kind usually has, and the headings of its brief: one file for everybody, asked for when it is needed
 * first. Which kind somebody chooses is told to nobody.
 */
import { language } from "../texts.js";

/**
 * @typedef {Readonly<Record<string, string>>} Spoken by language
 * @typedef {{ kind: string, after: number | null, wording: Spoken }} UsualStep `after` in minutes from when it begins
 * @typedef {{ kind: string, name: Spoken, lasts: number, hands_over: boolean, steps: UsualStep[] }} WayKind `lasts` in minutes
 * @typedef {{ kinds: WayKind[], headings: Spoken[], hand_over: Spoken }} WayKinds
 */

const ADDRESS = "/console/ways.json";
const LIMIT_MS = 20_000;

/** @param {typeof globalThis.fetch} fetch @returns {Promise<WayKinds>} */
export async function wayKinds(fetch) {
  const response = await fetch(ADDRESS, { signal: AbortSignal.timeout(LIMIT_MS) });
  if (!response.ok) throw new Error("no kinds of ways");
  return await response.json();
}

/** @param {Spoken} words @returns {string} in the language that is spoken now */
export function spoken(words) {
  return words[language()] ?? words.en;
}
