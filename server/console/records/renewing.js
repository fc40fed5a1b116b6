/**
 * Begins an epoch: a fresh key for just those who are members now, and the keys of all current versions wrapped for it.
 * Whoever was removed has no key of it; the next who writes makes it, whoever that is.
 */
import { newKey } from "../vault/aead.js";
import { standing } from "../vault/circle.js";
import { MEMBERSHIP } from "../vault/compartment.js";
import * as epoch from "../vault/epoch.js";
import { Refused } from "../vault/failures.js";
import { writeEpochGrant } from "../vault/grants.js";
import { signedEntry } from "../vault/log.js";
import * as wrap from "../vault/wrap.js";
import { idBytes, uuid } from "./coding.js";
import { allCurrent, contentKeyOf, placeOf } from "./opening.js";
import { whoWords } from "./people.js";

/** @typedef {import("../vault/compartment.js").Compartment} Compartment */
/** @typedef {import("./epochs.js").EpochKey} EpochKey */
/** @typedef {import("./vault_api.js").Stored} Stored */

/** What says nothing of a record: the keys that one has, or should have. */
const OF_ONE_S_OWN = ["no-epoch", "keys-withheld"];

/** @param {Compartment} compartment @param {number} at @returns {boolean} whether the members are others than those who have the epoch's key */
export function epochIsDue({ circle, network }, at) {
  const now = standing(circle, network.now, at);
  return now.size !== circle.granted.size || ![...now].every((each) => circle.granted.has(each));
}

/**
 * @param {Compartment} compartment brought up to date just now
 * @param {EpochKey | null} before the key of the epoch that ends
 * @param {Stored[]} stored every current version, with its wraps
 * @param {import("./writing.js").Author} author
 * @returns {Promise<{ entry: Uint8Array, grants: Map<string, Uint8Array>, wraps: Map<string, Uint8Array> }>}
 */
export async function renewed(compartment, before, stored, { seed, person, at }) {
  const { circle, network, members: chain } = compartment;
  const members = [...standing(circle, network.now, at)].sort();
  const which = { network: network.id, compartment: compartment.id, number: circle.epoch + 1 };
  const key = newKey();
  /** @type {[string, import("../vault/value.js").Value][]} */
  const particulars = [["number", which.number], ["promise", epoch.promise(which, key)], ["members", members.map(idBytes)]];
  const entry = signedEntry(seed, network.id, MEMBERSHIP, {
    log: compartment.id, number: chain.hashes.length, after: chain.last, at, by: person, do: "begin-epoch",
    particulars: new Map(particulars), seen: compartment.heads().filter((each) => each.kind !== MEMBERSHIP),
  });
  const { entry: begun } = compartment.judgeMemberEntry(entry);
  const grants = new Map(members.map((each) => {
    // Only the directory says whose key is whose.
    const boxKey = idBytes(network.now.people.get(each)?.boxKey ?? "");
    const grant = epoch.grant(which, key, idBytes(each), boxKey);
    return [each, writeEpochGrant(seed, network.id, begun, { epoch: which.number, member: idBytes(each), grant })];
  }));
  return { entry, grants, wraps: await wrapped(compartment, before, stored, wrap.keyForWraps(key), which.number) };
}

/**
 * Nothing is wrapped again but the key that its author has promised. A version of which no key can be had stops it all: it
 * would be lost for good, and everybody's.
 * @param {Compartment} compartment
 * @param {EpochKey | null} before
 * @param {Stored[]} stored
 * @param {Uint8Array} wrapKey
 * @param {number} number
 * @returns {Promise<Map<string, Uint8Array>>}
 */
async function wrapped(compartment, before, stored, wrapKey, number) {
  const given = new Map(stored.map((each) => [each.version, each]));
  const wraps = new Map();
  for (const version of allCurrent(compartment)) {
    const place = placeOf(compartment, version);
    const found = given.get(uuid(place.version));
    try {
      if (!found || !before) throw new Refused("withheld");
      wraps.set(uuid(place.version), wrap.wrap(wrapKey, number, place, await contentKeyOf(place, version, found, before)));
    } catch (error) {
      throw error instanceof Refused && !OF_ONE_S_OWN.includes(error.outcome) ? new Refused("no-wrap", whoWords(compartment.network, version.by)) : error;
    }
  }
  return wraps;
}
