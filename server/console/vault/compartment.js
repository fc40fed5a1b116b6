/** A compartment's two logs as this browser has them, as in `cases/trust/compartment.py`. */
import { hex } from "./bytes.js";
import { Refused } from "./failures.js";
import { Chain, read, requireSeen } from "./log.js";
import * as membership from "./membership.js";
import * as records from "./records.js";

/** @typedef {import("./circle.js").Circle} Circle */
/** @typedef {import("./log.js").Entry} Entry */
/** @typedef {import("./log.js").Head} Head */
/** @typedef {import("./network.js").Network} Network */
/** @typedef {import("./network.js").Read} Read */

export const MEMBERSHIP = 1;
export const RECORDS = 2;

export class Compartment {
  /** @param {Network} network @param {Uint8Array} id */
  constructor(network, id) {
    this.network = network;
    this.id = id;
    this.members = new Chain(MEMBERSHIP, id);
    this.written = new Chain(RECORDS, id);
    this.records = records.empty(hex(id));
    /** The entry that began each epoch. @type {Map<number, Entry>} */
    this.begun = new Map();
    /** @type {Circle[]} */
    this.circles = [];
    this.directories = (/** @type {number} */ number) => network.at(number);
    /** @type {import("./records.js").Said[]} */
    this.said = [];
    /** Heads of the records that authors of the members' entries had seen, until they are held against them. @type {Head[]} */
    this.told = [];
  }

  get isOpened() {
    return this.circles.length > 0;
  }

  /** @returns {Circle} */
  get circle() {
    return this.circleAt(this.circles.length - 1);
  }

  /** @param {number} number @returns {Circle} */
  circleAt(number) {
    const found = this.circles[number];
    if (!found) throw new Refused("behind");
    return found;
  }

  /** @returns {Head[]} what an author has seen of the directory and of this compartment */
  heads() {
    const own = [this.members, this.written].filter((each) => each.hashes.length);
    const heads = own.map((each) => ({ kind: each.kind, log: this.id, number: each.hashes.length - 1, hash: each.last }));
    return [this.network.head, ...heads];
  }

  /** @param {Uint8Array} data the next entry; where it is refused, nothing changes @param {Read} [reading] @returns {Entry} */
  takeMemberEntry(data, reading = read) {
    const { entry, circle } = this.judgeMemberEntry(data, reading);
    const circles = [...this.circles, circle];
    // Entries are here already whose place is behind this one: a server gave them out first, or out of order.
    const late = circle.recordsSeen < this.said.length - 1;
    const taken = late ? records.anew(hex(this.id), this.said, circles, this.directories) : this.records;
    this.members.append(entry);
    if (circle.epoch !== (this.circles.at(-1)?.epoch ?? 0)) this.begun.set(circle.epoch, entry);
    this.circles.push(circle);
    this.records = taken;
    this.told.push(...entry.seen.filter((each) => each.kind === RECORDS && hex(each.log) === hex(this.id)));
    return entry;
  }

  /** Who would be in it after an entry; nothing changes. @param {Uint8Array} data @param {Read} [reading] @returns {{ entry: Entry, circle: Circle }} */
  judgeMemberEntry(data, reading = read) {
    const entry = reading(data, MEMBERSHIP, this.network.id);
    this.members.requireNext(entry);
    requireSeen(entry, [this.network.chain]);
    const at = this.directories;
    return { entry, circle: this.isOpened ? membership.decided(this.circle, entry, at) : membership.opened(entry, at) };
  }

  /** @param {Uint8Array} data the next entry; where it is refused, nothing changes @param {Read} [reading] @returns {Entry} */
  takeRecordEntry(data, reading = read) {
    const { entry, said, records: taken } = this.judgeRecordEntry(data, reading);
    this.written.append(entry);
    this.said.push(said);
    this.records = taken;
    return entry;
  }

  /** What would be after an entry; nothing changes. @param {Uint8Array} data @param {Read} [reading] @returns {{ entry: Entry, said: import("./records.js").Said, records: import("./records.js").Records }} */
  judgeRecordEntry(data, reading = read) {
    const entry = reading(data, RECORDS, this.network.id);
    this.written.requireNext(entry);
    requireSeen(entry, [this.network.chain, this.members]);
    const said = records.said(hex(this.id), entry, this.circles, this.directories);
    return { entry, said, records: records.placed(this.records, said, this.circles, this.directories) };
  }

  /** Once everything that was to be had is here: refuse records of which others had seen more, or other ones. */
  requireTold() {
    for (const each of this.told) this.written.require(each);
    this.told = [];
  }
}
