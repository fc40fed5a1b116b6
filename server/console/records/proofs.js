/**
 * What proves that people were shown different logs, and what proves nothing. A proof stops work on a log, so it must be
 * a whole statement of somebody who could have written there: of the network at that place, with just the key that stood
 * for them there; in the directory an administrator, in a compartment one of its members. Anything else anybody could
 * make, with a key of their own, to stop work for ever.
 *
 * Nothing is kept here. As in `client/vault/forks.py` and `client/vault/logs.py`; docs/protocol.md, *The client's part*.
 */
import { hex, same } from "../vault/bytes.js";
import { stands } from "../vault/circle.js";
import { ADMINISTRATOR } from "../vault/directory_state.js";
import { Refused, require } from "../vault/failures.js";
import { read } from "../vault/log.js";

/** @typedef {import("../vault/compartment.js").Compartment} Compartment */
/** @typedef {import("../vault/log.js").Chain} Chain */
/** @typedef {import("../vault/log.js").Entry} Entry */
/** @typedef {import("../vault/log.js").Head} Head */
/** @typedef {import("../vault/network.js").Network} Network */
/** @typedef {import("../vault/directory_state.js").Directory} Directory */
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

/**
 * Refuses an entry, whose signature was checked, of somebody who could not have written it where it claims to stand.
 * @param {Entry} entry
 * @param {Network} network
 * @param {Compartment | null} compartment
 */
export function requireAuthor(entry, network, compartment) {
  const { head } = entry;
  if (head.kind === DIRECTORY) {
    const author = authorIn(network.at(head.number - 1), entry);
    return require(author.role === ADMINISTRATOR, "not-empowered");
  }
  if (!compartment || !same(compartment.id, head.log)) throw new Refused("not-as-written");
  if (head.kind !== MEMBERSHIP) {
    // Whose word counts is told by the members' entry that it names.
    const circle = compartment.circleAt(shared(compartment.members, namedBy(entry, MEMBERSHIP)));
    return requireMember(entry, circle, network.at(circle.directorySeen));
  }
  const place = shared(network.chain, namedBy(entry, DIRECTORY));
  // The first entry of a log: whoever is of the network may open it.
  if (head.number === 0) return void authorIn(network.at(place), entry);
  const circle = compartment.circleAt(head.number - 1);
  requireMember(entry, circle, network.at(Math.max(place, circle.directorySeen)));
}

/** @param {Entry} entry @param {import("../vault/circle.js").Circle} circle @param {Directory} directory */
function requireMember(entry, circle, directory) {
  const { id } = authorIn(directory, entry);
  require(stands(circle, id, directory, entry.at), "not-empowered");
}

/** @param {Directory} directory @param {Entry} entry @returns {import("../vault/directory_state.js").Member} */
function authorIn(directory, entry) {
  const member = directory.people.get(hex(entry.by));
  if (member?.signingKey !== hex(entry.key)) throw new Refused("signature-wrong");
  require(directory.agencies.get(member.agency) === false, "not-empowered");
  return member;
}

/** @param {Chain} chain @param {Head} head @returns {number} the last position that an author who names a head had in common with what is known */
function shared({ hashes }, head) {
  const known = hashes[head.number];
  return known && !same(known, head.hash) ? head.number - 1 : head.number;
}

/** @param {Entry} entry @param {number} kind @returns {Head} of the directory, or of the same compartment's log, which every such entry names */
function namedBy({ head, seen }, kind) {
  const found = seen.find((each) => each.kind === kind && (kind === DIRECTORY || same(each.log, head.log)));
  if (!found) throw new Refused("not-as-written");
  return found;
}

/** @param {Chain} chain @param {{ kind: number, log: Uint8Array }} named */
function isOf(chain, named) {
  return chain.kind === named.kind && same(chain.log, named.log);
}
