/** What hands somebody a key: the bodies of the statements for an epoch and for versions that are past, as in `cases/trust/grants.py`. */
import { hex, order, same } from "./bytes.js";
import { bytes, id, key, listOf, mapOf, moment, whole } from "./deeds.js";
import { require } from "./failures.js";
import { GRANT, HISTORY } from "./labels.js";
import { make, verified } from "./statement.js";

/** @typedef {import("./log.js").Entry} Entry */
/** @typedef {{ log: Uint8Array, member: Uint8Array, by: Uint8Array, at: number, versions: Uint8Array[], grant: Uint8Array }} HistoryGrant */

const HISTORY_BODY = mapOf({ log: id, member: id, by: id, at: moment, versions: listOf(id, 1, 900), grant: bytes(1, 65_000) });
const BODY = mapOf({ log: id, epoch: whole(1), member: id, entry: key, by: id, grant: bytes(1, 65_000) });

/**
 * @param {Uint8Array} seed
 * @param {Uint8Array} network
 * @param {Entry} begun the entry that begins the epoch
 * @param {{ epoch: number, member: Uint8Array, grant: Uint8Array }} granted
 * @returns {Uint8Array}
 */
export function writeEpochGrant(seed, network, { head, by }, { epoch, member, grant }) {
  /** @type {[string, import("./value.js").Value][]} */
  const body = [["log", head.log], ["epoch", epoch], ["member", member], ["entry", head.hash], ["by", by], ["grant", grant]];
  return make(seed, GRANT, network, new Map(body));
}

/**
 * @param {Uint8Array} data
 * @param {Uint8Array} network
 * @param {Entry} begun
 * @param {number} epoch
 * @param {Uint8Array} member
 * @returns {Uint8Array} the sealed key
 */
export function readEpochGrant(data, network, begun, epoch, member) {
  const said = verified(data, GRANT, network);
  const grant = BODY(said.body);
  const place = [grant.log, grant.member, grant.entry].map(hex).join(" ");
  require(place === [begun.head.log, member, begun.head.hash].map(hex).join(" ") && grant.epoch === epoch, "of-another-place");
  require(same(grant.by, begun.by) && same(said.key, begun.key), "not-empowered");
  return grant.grant;
}

/**
 * @param {Uint8Array} data
 * @param {Uint8Array} network
 * @param {Uint8Array} compartment
 * @returns {{ grant: HistoryGrant, key: Uint8Array }} with the key that signed it; whose key that is, the directory says
 */
export function readHistoryGrant(data, network, compartment) {
  const said = verified(data, HISTORY, network);
  /** @type {HistoryGrant} */
  const grant = HISTORY_BODY(said.body);
  require(same(grant.log, compartment), "of-another-place");
  const ascends = grant.versions.every((each, nth) => nth === 0 || order(/** @type {Uint8Array} */ (grant.versions[nth - 1]), each) < 0);
  require(ascends, "not-as-written");
  return { grant, key: said.key };
}
