/** Opens what stands in a compartment: the epoch's key from its grant, and each version with the key in its wrap. */
import { Failure } from "../api.js";
import { hex } from "../vault/bytes.js";
import * as content from "../vault/content.js";
import * as epoch from "../vault/epoch.js";
import { Refused, require } from "../vault/failures.js";
import { readEpochGrant } from "../vault/grants.js";
import * as wrap from "../vault/wrap.js";
import { idBytes, uuid } from "./coding.js";

/** @typedef {import("../vault/compartment.js").Compartment} Compartment */
/** @typedef {import("../vault/records.js").Version} Version */
/** @typedef {import("./vault_api.js").Stored} Stored */
/** @typedef {import("./vault_api.js").VaultApi} VaultApi */
/** @typedef {{ version: Version, text: string, refused: string }} Opened one that was refused has no text */
/** @typedef {{ number: number, key: Uint8Array, wrapKey: Uint8Array }} EpochKey */

/**
 * @param {VaultApi} api
 * @param {Compartment} compartment
 * @param {Uint8Array} secret
 * @param {Uint8Array} person
 * @returns {Promise<EpochKey | null>} the key of the newest epoch; nothing where there was none yet
 */
export async function epochKeyOf(api, compartment, secret, person) {
  const number = compartment.circle.epoch;
  const begun = compartment.begun.get(number);
  if (!begun) return null;
  // Whoever came after it was begun, or came back, has no key of it yet: nobody has lied to them.
  require(compartment.circle.granted.has(hex(person)), "no-epoch");
  const given = await api.grant(compartment.id).catch((error) => {
    throw error instanceof Failure && error.status === 404 ? new Refused("no-epoch") : error;
  });
  require(given.epoch === number, "of-another-place");
  const which = { network: compartment.network.id, compartment: compartment.id, number };
  const sealed = readEpochGrant(given.statement, which.network, begun, number, person);
  const key = epoch.accept(secret, sealed, which, person, idBytes(compartment.circle.promise));
  return { number, key, wrapKey: wrap.keyForWraps(key) };
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
  const stored = wanted.every((each) => known.has(each.hash)) ? [] : await api.current(compartment.id, wanted);
  const found = new Map(stored.map((each) => [each.version, each]));
  return wanted.map((version) => known.get(version.hash) ?? opened(compartment, version, found.get(uuid(version.deed.version)), epochKey));
}

/** @param {Compartment} compartment @param {Version} version @param {Stored | undefined} stored @param {EpochKey | null} epochKey @returns {Opened} */
function opened(compartment, version, stored, epochKey) {
  try {
    require(stored !== undefined && epochKey !== null, "withheld");
    return { version, text: textOf(compartment, version, stored, epochKey), refused: "" };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { version, text: "", refused: error.outcome };
  }
}

/** @param {Compartment} compartment @param {Version} version @returns {content.Place} */
export function placeOf({ network, id }, { deed }) {
  return { network: network.id, compartment: id, record: deed.record, version: deed.version };
}

/** @param {content.Place} place @param {Stored} stored @param {EpochKey} epochKey @returns {Uint8Array} the key of a version */
export function contentKeyOf(place, { wraps }, { number, wrapKey }) {
  const wrapped = wraps.find((each) => each.epoch === number);
  require(wrapped !== undefined, "withheld");
  return wrap.unwrap(wrapKey, number, place, wrapped.wrap);
}

/** @param {Compartment} compartment @param {Version} version @param {Stored} stored @param {EpochKey} epochKey @returns {string} */
function textOf(compartment, version, stored, epochKey) {
  const [place, { deed }] = [placeOf(compartment, version), version];
  const key = contentKeyOf(place, stored, epochKey);
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
