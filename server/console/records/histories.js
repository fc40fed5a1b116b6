/** Versions that are past, given to members who came later: the keys in what one was given, as in `client/vault/histories.py`. */
import { hex, same } from "../vault/bytes.js";
import * as content from "../vault/content.js";
import { Refused, require } from "../vault/failures.js";
import { readHistoryGrant } from "../vault/grants.js";
import * as history from "../vault/history.js";
import { placeOf } from "./opening.js";

/** @typedef {import("../vault/compartment.js").Compartment} Compartment */
/** @typedef {import("../vault/records.js").Version} Version */
/** @typedef {{ secret: Uint8Array, person: Uint8Array, own: import("./state.js").Open["own"] }} Whose */

/**
 * A grant that was altered hides no other. Where none holds the version and one was altered, that is what is refused.
 * @param {Uint8Array[]} given
 * @param {Compartment} compartment
 * @param {Version} version
 * @param {Whose} whose
 * @returns {Uint8Array | null} the key that its author has promised; nothing where nobody gave it
 */
export function grantedKey(given, compartment, version, whose) {
  /** @type {Refused | null} */
  let failed = null;
  for (const each of given) {
    try {
      const found = accepted(each, compartment, whose).get(hex(version.deed.version));
      if (found) return found;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      // What was sealed to former keys was not given to these.
      if (error.outcome !== "seal-broken" || !hadOtherKeys(compartment, whose)) failed ??= error;
    }
  }
  if (failed) throw failed;
  return null;
}

/** @param {Uint8Array} data @param {Compartment} compartment @param {Whose} whose @returns {Map<string, Uint8Array>} keys by version */
function accepted(data, compartment, { secret, person }) {
  const { network, id, records } = compartment;
  const { grant, key } = readHistoryGrant(data, network.id, id);
  // Whose key it is, or was: whoever gave it may have left since, and the promises say whether it is the right one.
  require(network.now.keys.get(hex(key)) === hex(grant.by) && same(grant.member, person), "not-empowered");
  const keys = history.accept(secret, grant.grant, { network: network.id, compartment: id, member: person });
  require(keys.map(({ version }) => hex(version)).join() === grant.versions.map(hex).join(), "of-another-place");
  const versions = new Map([...records.versions.values()].map((each) => [hex(each.deed.version), each]));
  for (const each of keys) {
    const version = versions.get(hex(each.version));
    if (!version) throw new Refused("of-another-place");
    require(same(content.promise(each.key, placeOf(compartment, version)), version.deed.promise), "key-not-promised");
  }
  return new Map(keys.map((each) => [hex(each.version), each.key]));
}

/** @param {Compartment} compartment @param {Whose} whose @returns {boolean} whether the directory knows of keys of one's own that these are not */
function hadOtherKeys({ network }, { person, own }) {
  return [...network.now.keys].some(([key, of]) => of === hex(person) && key !== own.signingKey && key !== own.boxKey);
}
