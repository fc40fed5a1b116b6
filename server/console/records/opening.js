/** Opens what stands in a compartment: the epoch's key from its grant, and each version with the key in its wrap. */
import { Failure } from "../api.js";
import { hex, same } from "../vault/bytes.js";
import * as content from "../vault/content.js";
import * as epoch from "../vault/epoch.js";
import { Refused, require } from "../vault/failures.js";
import { readEpochGrant } from "../vault/grants.js";
import * as wrap from "../vault/wrap.js";
import { uuid } from "./coding.js";

/** @typedef {import("../vault/compartment.js").Compartment} Compartment */
/** @typedef {import("../vault/records.js").Version} Version */
/** @typedef {import("./vault_api.js").Stored} Stored */
/** @typedef {import("./vault_api.js").VaultApi} VaultApi */
/** @typedef {{ version: Version, text: string, refused: string }} Opened one that was refused has no text */
/** @typedef {{ number: number, key: Uint8Array, wrapKey: Uint8Array }} OneKey */
/**
 * The newest one. `older` gives the key of an epoch that was before, which one was granted too; each is fetched once.
 * `wipe` wipes them all.
 * @typedef {OneKey & { older: (number: number) => Promise<OneKey>, wipe: () => void }} EpochKey
 */

/**
 * @param {VaultApi} api
 * @param {Compartment} compartment
 * @param {Uint8Array} secret
 * @param {Uint8Array} person
 * @returns {Promise<EpochKey | null>} the key of the newest epoch; nothing where there was none yet
 */
export async function epochKeyOf(api, compartment, secret, person) {
  /** @type {Map<number, Promise<OneKey>>} */
  const known = new Map();
  /** @param {number} number */
  const older = (number) => {
    const fetched = known.get(number) ?? fetchedKey({ api, compartment, secret, person }, number);
    known.set(number, fetched);
    // What did not come is asked for again the next time.
    fetched.catch(() => known.delete(number));
    return fetched;
  };
  const wipe = () => {
    // One that comes too late is wiped as well; one that does not come, needs none of it.
    for (const each of known.values()) each.then(({ key, wrapKey }) => [key, wrapKey].forEach((bytes) => bytes.fill(0)), () => null);
  };
  const { epoch: newest } = compartment.circle;
  return compartment.begun.has(newest) ? { ...await older(newest), older, wipe } : null;
}

/**
 * @param {{ api: VaultApi, compartment: Compartment, secret: Uint8Array, person: Uint8Array }} means
 * @param {number} number
 * @returns {Promise<OneKey>}
 */
async function fetchedKey({ api, compartment: { network, id, begun }, secret, person }, number) {
  const entry = begun.get(number);
  // Whoever came after it was begun, or came back, has no key of it: nobody has lied to them.
  if (!entry || !wasGranted(entry, person)) throw new Refused("no-epoch");
  const given = await api.grant(id, number).catch((error) => {
    throw error instanceof Failure && error.status === 404 ? new Refused("no-epoch") : error;
  });
  require(given.epoch === number, "of-another-place");
  const which = { network: network.id, compartment: id, number };
  const sealed = readEpochGrant(given.statement, which.network, entry, number, person);
  const key = epoch.accept(secret, sealed, which, person, /** @type {Uint8Array} */ (entry.particulars.get("promise")));
  return { number, key, wrapKey: wrap.keyForWraps(key) };
}

/** @param {import("../vault/log.js").Entry} begun @param {Uint8Array} person @returns {boolean} whether the key of an epoch was given to somebody */
function wasGranted({ particulars }, person) {
  const members = particulars.get("members");
  return Array.isArray(members) && members.some((each) => each instanceof Uint8Array && same(each, person));
}

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
 * @returns {Promise<Opened[]>} everything current; what is missing or wrong is refused by itself, and the rest is shown
 */
export async function openAll(api, compartment, epochKey, known) {
  const wanted = allCurrent(compartment);
  // What was refused is asked for again: the server may have mended it.
  const before = (/** @type {Version} */ { hash }) => (known.get(hash)?.refused === "" ? known.get(hash) : undefined);
  const stored = wanted.every(before) ? [] : await api.current(compartment.id, wanted);
  const found = new Map(stored.map((each) => [each.version, each]));
  /** @type {Opened[]} */
  const all = [];
  for (const each of wanted) {
    all.push(before(each) ?? await opened(compartment, each, found.get(uuid(each.deed.version)), epochKey));
  }
  return all;
}

/** @param {Compartment} compartment @param {Version} version @param {Stored | undefined} stored @param {EpochKey | null} epochKey @returns {Promise<Opened>} */
async function opened(compartment, version, stored, epochKey) {
  try {
    require(stored !== undefined && epochKey !== null, "withheld");
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
      const { wrapKey } = each.epoch === newest.number ? newest : await newest.older(each.epoch);
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
