/** The directory's log as this browser has it, and the directory after each entry, as in `agencies/trust/network.py`. */
import { hex, same } from "./bytes.js";
import { decided, founded } from "./directory.js";
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
    /** What people and agencies were called last, also those who are gone. @type {Map<string, string>} */
    this.names = new Map();
    this.chain.append(first);
    this.name(first);
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
    this.chain.append(entry);
    this.positions.push(directory);
    this.name(entry);
    return entry;
  }

  /** @param {Entry} entry a name shows, and decides nothing: one that is proposed does no harm */
  name({ particulars }) {
    /** @type {Map<string, any>[]} */
    const agencies = /** @type {any} */ (particulars.get("agencies")) ?? [particulars];
    for (const agency of agencies) {
      for (const each of [agency, ...(agency.get("people") ?? [])]) {
        const id = each.get("person") ?? each.get("agency");
        if (id instanceof Uint8Array && typeof each.get("name") === "string") this.names.set(hex(id), each.get("name"));
      }
    }
  }
}
