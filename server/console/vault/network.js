/** The directory's log as this browser has it, and the directory after each entry, as in `agencies/trust/network.py`. */
import { hex, same } from "./bytes.js";
import { readDeed } from "./deeds.js";
import { decided, founded } from "./directory.js";
import { DEEDS } from "./directory_deeds.js";
import { Refused, require } from "./failures.js";
import { GENESIS } from "./labels.js";
import { Chain, entryOf, read, requireSeen, START } from "./log.js";
import { hashOf, verified } from "./statement.js";

/** @typedef {import("./directory.js").Directory} Directory */
/** @typedef {import("./log.js").Entry} Entry */
/** @typedef {import("./log.js").Head} Head */
/** @typedef {(data: Uint8Array, kind: number, network: Uint8Array) => Entry} Read how an entry is read: verified, or known to have been */

const DIRECTORY = 0;
const LOG = new Uint8Array(16);

export class Network {
  /** @param {Uint8Array} genesis */
  constructor(genesis) {
    const first = entryOf(verified(genesis, GENESIS, new Uint8Array(32)), DIRECTORY);
    require(same(first.head.log, LOG) && same(first.after, START), "not-as-written");
    this.id = hashOf(genesis);
    this.chain = new Chain(DIRECTORY, LOG);
    /** @type {Directory[]} */
    this.positions = [founded(first)];
    /**
     * What people are called by entries that hold, also those who are gone; and what agencies are. Their ids are drawn by
     * whoever proposes them: a person who has an agency's id names no agency.
     * @type {Map<string, string>}
     */
    this.names = new Map();
    /** @type {Map<string, string>} */
    this.agencyNames = new Map();
    /** Of which agency people are, or were last. @type {Map<string, string>} */
    this.agencies = new Map();
    this.chain.append(first);
    const agencies = /** @type {Map<string, any>[]} */ (first.particulars.get("agencies"));
    for (const each of agencies) this.name({ agency: each.get("agency"), name: each.get("name"), people: each.get("people").map(Object.fromEntries) });
  }

  /** @returns {Directory} */
  get now() {
    return /** @type {Directory} */ (this.positions.at(-1));
  }

  /** @returns {Head} */
  get head() {
    return { kind: DIRECTORY, log: LOG, number: this.chain.hashes.length - 1, hash: this.chain.last };
  }

  /** @param {number} number @returns {Directory} */
  at(number) {
    const found = this.positions[number];
    if (!found) throw new Refused("behind");
    return found;
  }

  /** @param {Uint8Array} data the next entry; where it is refused, nothing changes @param {Read} [reading] @returns {Entry} */
  take(data, reading = read) {
    const entry = reading(data, DIRECTORY, this.id);
    this.chain.requireNext(entry);
    requireSeen(entry, [this.chain]);
    const directory = decided(this.now, entry);
    const held = heldBy(this.now, directory, entry);
    this.chain.append(entry);
    this.positions.push(directory);
    if (held) this.name(held);
    return entry;
  }

  /** @param {any} deed one that holds: of an agency, or of a person; others name nobody */
  name({ agency, person, name, people = [] }) {
    if (name === undefined) return;
    if (person) {
      this.names.set(hex(person), name);
      this.agencies.set(hex(person), hex(agency));
    } else this.agencyNames.set(hex(agency), name);
    for (const each of people) this.name(each);
  }
}

/**
 * What an entry brings about: its own deed, or the one that it was the last to approve. A proposal that waits brings
 * about nothing, and names nobody: who it is about may be told otherwise by those who have to agree.
 * @param {Directory} before
 * @param {Directory} after
 * @param {Entry} entry
 * @returns {any}
 */
function heldBy(before, after, { head, do: does, particulars }) {
  if (does === "withdraw") return null;
  const proposed = particulars.get("proposal");
  const proposal = does === "approve" && proposed instanceof Uint8Array ? hex(proposed) : hex(head.hash);
  if (after.proposals.get(proposal)) return null;
  return before.proposals.get(proposal)?.deed ?? readDeed(DEEDS, does, particulars);
}
