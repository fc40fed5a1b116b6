/**
 * What proves that people were shown different logs, and what proves nothing. A proof stops work on a log, so it must be
 * a whole statement of somebody who could have written there: of the network at that place, with just the key that stood
 * for them there, and for a compartment one of its members. Anything else anybody could make, to stop work for ever.
 *
 * Nothing is kept here. As in `client/vault/forks.py` and `client/vault/logs.py`; docs/protocol.md, *The client's part*.
 */
import { hex, same } from "../vault/bytes.js";
import { Refused, require } from "../vault/failures.js";
import { read } from "../vault/log.js";

/** @typedef {import("../vault/compartment.js").Compartment} Compartment */
/** @typedef {import("../vault/log.js").Chain} Chain */
/** @typedef {import("../vault/log.js").Entry} Entry */
/** @typedef {import("../vault/log.js").Head} Head */
/** @typedef {import("../vault/network.js").Network} Network */
/** @typedef {{ kind: number, log: Uint8Array, number: number }} Place */

const [DIRECTORY, MEMBERSHIP] = [0, 1];

/**
 * @param {Uint8Array} data what was given as an entry of a log
 * @param {Chain} chain that log, as it is known here
 * @param {Network} network
 * @param {Compartment | null} compartment of which the log is; nothing for the directory
 * @returns {Place} where it shows another entry than the one that is known there; refused where it proves nothing
 */
export function differing(data, chain, network, compartment) {
  const entry = read(data, chain.kind, network.id);
  require(same(entry.head.log, chain.log), "of-another-log");
  requireAuthor(entry, network, compartment);
  const found = difference(entry, [network.chain, ...(compartment ? [compartment.members, compartment.written] : [])]);
  // It is of its author, and shows nothing but that the server gave it out of order.
  require(found !== null, "not-next");
  return found;
}

/** @param {Entry} entry @param {Chain[]} chains @returns {Place | null} where an entry, or what its author had seen, differs from what is known */
export function difference({ head, after, seen }, chains) {
  const own = chains.find((each) => isOf(each, head));
  if (own) {
    const known = own.hashes[head.number];
    if (known && !same(known, head.hash)) return head;
    if (own.hashes.length > 0 && head.number === own.hashes.length && !same(after, own.last)) return { ...head, number: head.number - 1 };
  }
  return seen.find((each) => {
    const known = chains.find((chain) => isOf(chain, each))?.hashes[each.number];
    return known && !same(known, each.hash);
  }) ?? null;
}

/** @param {Entry} entry @param {Network} network @param {Compartment | null} compartment */
function requireAuthor(entry, network, compartment) {
  const { head } = entry;
  if (head.kind === DIRECTORY) return requireKey(entry, network, [head.number - 1]);
  if (!compartment || !same(compartment.id, head.log)) throw new Refused("not-as-written");
  const directory = entry.seen.find((each) => each.kind === DIRECTORY);
  const members = entry.seen.find((each) => each.kind === MEMBERSHIP && same(each.log, head.log));
  // A record need not name the directory: the members' entries that it names do.
  require(head.kind === MEMBERSHIP ? directory !== undefined : members !== undefined, "not-as-written");
  const places = directory ? [shared(network.chain, directory)] : [];
  const before = members ? shared(compartment.members, members) : head.number - 1;
  // The first entry of a log: whoever is of the network may open it.
  if (before < 0) return requireKey(entry, network, places.length ? places : [0]);
  const circle = compartment.circleAt(before);
  requireKey(entry, network, [...places, circle.directorySeen]);
  require(circle.members.has(hex(entry.by)), "not-empowered");
}

/** @param {Chain} chain @param {Head} head @returns {number} the last position that an author who names a head had in common with what is known */
function shared({ hashes }, head) {
  const known = hashes[head.number];
  return known && !same(known, head.hash) ? head.number - 1 : head.number;
}

/** @param {Entry} entry @param {Network} network @param {number[]} places */
function requireKey(entry, network, places) {
  for (const place of places) {
    require(network.at(place).people.get(hex(entry.by))?.signingKey === hex(entry.key), "signature-wrong");
  }
}

/** @param {Chain} chain @param {{ kind: number, log: Uint8Array }} named */
function isOf(chain, named) {
  return chain.kind === named.kind && same(chain.log, named.log);
}
