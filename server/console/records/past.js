/**
 * What became of a record: its versions in the order of the log, each opened when somebody asks for it, as
 * `streha record history` and `get --version` do it. The ledger says of each that it was fetched.
 */
import { Failure } from "../api.js";
import { hex } from "../vault/bytes.js";
import * as content from "../vault/content.js";
import { Refused, require } from "../vault/failures.js";
import { grantedKey } from "./histories.js";
import { contentKeyOf, placeOf, recordOf } from "./opening.js";

/** @typedef {import("../vault/compartment.js").Compartment} Compartment */
/** @typedef {import("../vault/records.js").Version} Version */
/** @typedef {import("./epochs.js").EpochKey} EpochKey */
/** @typedef {import("./vault_api.js").VaultApi} VaultApi */
/** @typedef {{ version: Version, key: Uint8Array, sealed: Uint8Array, text: string | null }} Whole `text`: nothing where it is none */

/** @param {Compartment} compartment @param {string} record @returns {Version[]} all of them, those in quarantine too */
export function historyOf({ records: { versions }, written }, record) {
  const places = new Map(written.hashes.map((each, number) => [hex(each), number]));
  const found = [...versions.values()].filter((each) => recordOf(each) === record);
  return found.sort((one, other) => (places.get(one.hash) ?? 0) - (places.get(other.hash) ?? 0));
}

/** @param {Compartment} compartment @param {Version} version */
export function isCurrent({ records }, version) {
  return records.current.get(recordOf(version))?.has(version.hash) ?? false;
}

/**
 * @param {{ api: VaultApi, compartment: Compartment, epochKey: EpochKey | null, whose: import("./histories.js").Whose }} means
 * @param {Version} version
 * @returns {Promise<Whole>} fetched, and found to be what its author signed
 */
export async function fetched({ api, compartment, epochKey, whose }, version) {
  require(!compartment.records.erased.has(recordOf(version)), "erased");
  const stored = await api.version(compartment.id, version.deed.version).catch((error) => {
    throw error instanceof Failure && error.status === 404 ? new Refused("withheld") : error;
  });
  require(stored.content.length > 0, "withheld");
  const [place, { deed }] = [placeOf(compartment, version), version];
  const key = await keyOf();
  const bytes = content.open(key, place, { content: stored.content, hash: deed.content, promise: deed.promise });
  return { version, key, sealed: stored.content, text: textOf(bytes) };

  async function keyOf() {
    try {
      if (!epochKey) throw new Refused("no-epoch");
      return await contentKeyOf(place, version, stored, epochKey);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      // Neither what is missing nor what was altered hides a key that a member has given.
      const granted = grantedKey(await api.histories(compartment.id, deed.version), compartment, version, whose);
      if (granted) return granted;
      const missing = ["withheld", "no-epoch"].includes(error.outcome);
      throw missing && !isCurrent(compartment, version) ? new Refused("not-given") : error;
    }
  }
}

/** @param {Uint8Array} bytes @returns {string | null} */
function textOf(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}
