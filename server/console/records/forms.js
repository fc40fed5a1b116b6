/**
 * The forms of assessments and plans and the lists of questions, as they come with Streha: asked for when they are needed
 * first. Each list has the fingerprint of what it says, by which assessments name it: one that was altered is another.
 */
import { language } from "../texts.js";
import { hex } from "../vault/bytes.js";
import { encode } from "../vault/deterministic.js";
import { hashed } from "../vault/hashing.js";
import { INSTRUMENT_HASH } from "../vault/labels.js";

/** @typedef {{ en: string, sr: string }} Words */
/** @typedef {{ id: string, weight: string, sources: string[] } & Words} Indicator */
/** @typedef {{ instrument: string, version: number, subject: string, title: Words, sources: Record<string, string>, indicators: Indicator[] }} Said */
/** @typedef {Said & { fingerprint: string, cyrillic: Record<string, string> }} Instrument */
/**
 * @typedef {{ instruments: Instrument[], assessment: import("./shaped.js").Schema, plans: Record<string, import("./shaped.js").Schema> }} Forms
 */

const ADDRESS = "/console/records/forms.json";
const LIMIT_MS = 20_000;

/** @param {typeof globalThis.fetch} fetch @returns {() => Promise<Forms | null>} nothing while they cannot be had; then they are asked for anew */
export function createForms(fetch) {
  /** @type {Promise<Forms | null> | null} */
  let asked = null;
  return () => {
    asked ??= had(fetch).catch(() => {
      asked = null;
      return null;
    });
    return asked;
  };
}

/** @param {typeof globalThis.fetch} fetch @returns {Promise<Forms>} */
async function had(fetch) {
  const response = await fetch(ADDRESS, { signal: AbortSignal.timeout(LIMIT_MS) });
  if (!response.ok) throw new Error("no forms");
  const { instruments, assessment, plans } = await response.json();
  return { assessment, plans, instruments: instruments.map(printed) };
}

/** @param {{ said: Said, cyrillic: Record<string, string> }} given @returns {Instrument} */
function printed({ said, cyrillic }) {
  return { ...said, cyrillic, fingerprint: hex(hashed(INSTRUMENT_HASH, encode(mapped(said)))) };
}

/** @param {any} value @returns {any} objects as maps, as what is hashed is written */
function mapped(value) {
  if (Array.isArray(value)) return value.map(mapped);
  if (typeof value !== "object" || value === null) return value;
  return new Map(Object.entries(value).map(([name, each]) => [name, mapped(each)]));
}

/** @param {Instrument} instrument @param {Indicator} indicator @returns {string} what is asked, in the language that is spoken */
export function question({ cyrillic }, { id, en, sr }) {
  if (language() === "en") return en;
  return language() === "sr-Cyrl" ? cyrillic[id] ?? sr : sr;
}
