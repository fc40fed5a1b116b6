/** A log: statements in one order, each bound to the one before it, as in `crypto/vault/log.py`. */
import { ID_BYTES, order, same } from "./bytes.js";
import { require } from "./failures.js";
import { DIRECTORY, MEMBERSHIP, RECORD } from "./labels.js";
import { make, remembered, verified } from "./statement.js";

/** @typedef {import("./deterministic.js").Value} Value */
/** @typedef {{ kind: number, log: Uint8Array, number: number, hash: Uint8Array }} Head */
/**
 * @typedef {{ head: Head, after: Uint8Array, at: number, by: Uint8Array, key: Uint8Array, do: string,
 *   particulars: Map<string, Value>, seen: Head[] }} Entry
 */

export const PURPOSE_OF = [DIRECTORY, MEMBERSHIP, RECORD];
export const HASH_BYTES = 32;
export const START = new Uint8Array(HASH_BYTES);
const MOST_SEEN = 64;
const LONGEST_DEED = 32;
const FIELDS = ["log", "number", "after", "at", "by", "do", "with", "seen"];

/** @param {Uint8Array} data @param {number} kind @param {Uint8Array} network @returns {Entry} */
export function read(data, kind, network) {
  const purpose = PURPOSE_OF[kind];
  if (purpose === undefined) throw new RangeError("a log is of one of three kinds");
  return entryOf(verified(data, purpose, network), kind);
}

/** @param {Uint8Array} data of a log that was verified before; its last hash is held against the one that was kept @param {number} kind @returns {Entry} */
export function readAgain(data, kind) {
  return entryOf(remembered(data), kind);
}

/**
 * @param {Uint8Array} seed
 * @param {Uint8Array} network
 * @param {number} kind
 * @param {Omit<Entry, "head" | "key"> & { log: Uint8Array, number: number }} said
 * @returns {Uint8Array} the signed statement of an entry
 */
export function signedEntry(seed, network, kind, { log, number, after, at, by, do: deed, particulars, seen }) {
  const heads = seen.map((each) => [each.kind, each.log, each.number, each.hash]);
  const purpose = /** @type {string} */ (PURPOSE_OF[kind]);
  /** @type {[string, Value][]} */
  const body = [
    ["log", log], ["number", number], ["after", after], ["at", at], ["by", by], ["do", deed], ["with", particulars], ["seen", heads],
  ];
  return make(seed, purpose, network, new Map(body));
}

/** @param {import("./statement.js").Statement} said @param {number} kind @returns {Entry} */
export function entryOf({ key, body, hash }, kind) {
  require(body.size === FIELDS.length && FIELDS.every((each) => body.has(each)), "not-as-written");
  const [log, number, after, at, by, deed, particulars, seen] = FIELDS.map((each) => body.get(each));
  require(isBytes(log, ID_BYTES) && isBytes(by, ID_BYTES) && isBytes(after, HASH_BYTES), "not-as-written");
  require(typeof number === "number" && typeof at === "number" && typeof deed === "string", "not-as-written");
  require(deed.length > 0 && [...deed].length <= LONGEST_DEED, "not-as-written");
  require(particulars instanceof Map && Array.isArray(seen) && seen.length <= MOST_SEEN, "not-as-written");
  const heads = seen.map(headOf);
  require(!heads.some((each) => each.kind === kind && same(each.log, log)), "not-as-written");
  require(heads.every((each, place) => place === 0 || before(/** @type {Head} */ (heads[place - 1]), each)), "not-as-written");
  return { head: { kind, log, number, hash }, after, at, by, key, do: deed, particulars, seen: heads };
}

/** The hashes of a log as one knows it, from its first entry on. */
export class Chain {
  /** @param {number} kind @param {Uint8Array} log @param {Uint8Array[]} hashes */
  constructor(kind, log, hashes = []) {
    this.kind = kind;
    this.log = log;
    this.hashes = hashes;
  }

  /** @returns {Uint8Array} */
  get last() {
    return this.hashes.at(-1) ?? START;
  }

  /** @param {Entry} entry the next one; where it is not, nothing changes */
  append(entry) {
    this.requireNext(entry);
    this.hashes.push(entry.head.hash);
  }

  /** @param {Entry} entry */
  requireNext({ head, after }) {
    require(head.kind === this.kind && same(head.log, this.log), "of-another-log");
    const known = this.hashes[head.number];
    if (known) require(same(known, head.hash), "forked");
    require(head.number === this.hashes.length, "not-next");
    require(same(after, this.last), "forked");
  }

  /** @param {Head} seen what somebody else has seen of this log */
  require(seen) {
    const known = this.hashes[seen.number];
    require(known !== undefined, "behind");
    require(same(known, seen.hash), "forked");
  }
}

/** @param {Entry} entry @param {Chain[]} chains what its author had seen is held against the logs that one has, before any rule */
export function requireSeen({ seen }, chains) {
  for (const each of seen) {
    chains.find(({ kind, log }) => kind === each.kind && same(log, each.log))?.require(each);
  }
}

/** @param {unknown} value @param {number} length @returns {value is Uint8Array} */
function isBytes(value, length) {
  return value instanceof Uint8Array && value.length === length;
}

/** @param {Value} value @returns {Head} */
function headOf(value) {
  require(Array.isArray(value) && value.length === 4, "not-as-written");
  const [kind, log, number, hash] = value;
  require(typeof kind === "number" && kind < PURPOSE_OF.length && typeof number === "number", "not-as-written");
  require(isBytes(log, ID_BYTES) && isBytes(hash, HASH_BYTES), "not-as-written");
  return { kind, log, number, hash };
}

/** @param {Head} one @param {Head} other @returns {boolean} */
function before(one, other) {
  return one.kind < other.kind || (one.kind === other.kind && order(one.log, other.log) < 0);
}
