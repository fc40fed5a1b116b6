/** Opens what stands in a compartment: each version with the key in one of its wraps. */
import { hex, same } from "../vault/bytes.js";
import { mayBeErased } from "../vault/circle.js";
import * as content from "../vault/content.js";
import { Refused, require } from "../vault/failures.js";
import * as wrap from "../vault/wrap.js";
import { uuid } from "./coding.js";
import { newestOf } from "./epochs.js";

/** @typedef {import("../vault/compartment.js").Compartment} Compartment */
/** @typedef {import("../vault/records.js").Version} Version */
/** @typedef {import("./vault_api.js").Stored} Stored */
/** @typedef {import("./vault_api.js").VaultApi} VaultApi */
/** @typedef {{ version: Version, text: string, refused: string }} Opened one that was refused has no text */
/** @typedef {import("./epochs.js").EpochKey} EpochKey */

/** @param {Compartment} compartment @returns {Version[]} the current ones, and those that are quarantined, the last of the log first */
export function shown({ records: { versions, current }, written }) {
  const names = new Set([...current.values()].flatMap((each) => [...each]));
  const found = [...versions.values()].filter((each) => names.has(each.hash) || each.quarantined);
  const places = new Map(written.hashes.map((each, number) => [hex(each), number]));
  const placeOf = (/** @type {Version} */ each) => places.get(each.hash) ?? 0;
  return found.sort((one, other) => placeOf(other) - placeOf(one));
}

/** @param {Compartment} compartment @returns {Version[]} */
export function allCurrent(compartment) {
  return shown(compartment).filter((each) => !each.quarantined);
}

/**
 * @param {VaultApi} api
 * @param {Compartment} compartment
 * @param {EpochKey | null} epochKey
 * @param {ReadonlyMap<string, Opened>} known what was opened before, by the hash of its entry
 * @param {ReadonlySet<string>} read what was ever opened in this browser, by the hash of its entry
 * @returns {Promise<Opened[]>} everything current; what is missing or wrong is refused by itself, and the rest is shown
 */
export async function openAll(api, compartment, epochKey, known, read) {
  const wanted = allCurrent(compartment);
  epochKey?.again();
  // What was refused is asked for again: the server may have mended it.
  const before = (/** @type {Version} */ { hash }) => (known.get(hash)?.refused === "" ? known.get(hash) : undefined);
  const stored = wanted.every(before) ? [] : await api.current(compartment.id, wanted);
  const found = new Map(stored.map((each) => [each.version, each]));
  /** @type {Opened[]} */
  const all = [];
  const over = mayBeErased(compartment.circle, Date.now() / 1000);
  for (const each of wanted) {
    const given = found.get(uuid(each.deed.version));
    const absent = over ? "kept-no-longer" : read.has(each.hash) ? "hidden" : "withheld";
    all.push(before(each) ?? await opened(compartment, each, given, epochKey, absent));
  }
  return all;
}

/**
 * @param {Compartment} compartment
 * @param {Version} version
 * @param {Stored | undefined} stored
 * @param {EpochKey | null} epochKey
 * @param {"hidden" | "withheld" | "kept-no-longer"} absent what it is called where nothing is given
 * @returns {Promise<Opened>}
 */
async function opened(compartment, version, stored, epochKey, absent) {
  try {
    require(stored !== undefined && epochKey !== null, absent);
    return { version, text: await textOf(compartment, version, stored, epochKey), refused: "" };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { version, text: "", refused: error.outcome };
  }
}

/** @param {Compartment} compartment @param {Version} version @returns {content.Place} */
export function placeOf({ network, id }, { deed }) {
  return { network: network.id, compartment: id, record: deed.record, version: deed.version };
}

/**
 * The key of a version from any wrap that opens: one that a member spoilt, or that holds another key than the author has
 * promised, hides no other.
 * @param {content.Place} place
 * @param {Version} version
 * @param {Stored} stored
 * @param {EpochKey} newest
 * @returns {Promise<Uint8Array>}
 */
export async function contentKeyOf(place, { deed }, { wraps }, newest) {
  let why = new Refused("withheld");
  for (const each of [...wraps].sort((one, other) => other.epoch - one.epoch)) {
    try {
      const { wrapKey } = each.epoch === newest.number ? newestOf(newest) : await newest.older(each.epoch);
      const key = wrap.unwrap(wrapKey, each.epoch, place, each.wrap);
      require(same(content.promise(key, place), deed.promise), "key-not-promised");
      return key;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      // That one was never given an epoch's key says less than what is wrong with a wrap that is one's own.
      if (error.outcome !== "no-epoch" || why.outcome === "withheld") why = error;
    }
  }
  throw why;
}

/** @param {Compartment} compartment @param {Version} version @param {Stored} stored @param {EpochKey} epochKey @returns {Promise<string>} */
async function textOf(compartment, version, stored, epochKey) {
  const [place, { deed }] = [placeOf(compartment, version), version];
  const key = await contentKeyOf(place, version, stored, epochKey);
  const bytes = content.open(key, place, { content: stored.content, hash: deed.content, promise: deed.promise });
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Refused("no-text");
  }
}

/** @param {Compartment} compartment @param {string} record @returns {Version[]} the current versions of one record */
export function currentOf({ records: { versions, current } }, record) {
  return [...(current.get(record) ?? [])].map((hash) => /** @type {Version} */ (versions.get(hash)));
}

/** @param {Version} version @returns {string} */
export function recordOf({ deed }) {
  return hex(deed.record);
}
