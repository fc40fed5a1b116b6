/** What hands somebody the key of an epoch: the body of its statement, as in `cases/trust/grants.py`. */
import { hex, same } from "./bytes.js";
import { bytes, id, key, mapOf, whole } from "./deeds.js";
import { require } from "./failures.js";
import { GRANT } from "./labels.js";
import { make, verified } from "./statement.js";

/** @typedef {import("./log.js").Entry} Entry */

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
