/** Which versions of a compartment's records are the current ones, as in `cases/trust/records.py`. */
import { hex } from "./bytes.js";
import { isOpen, leads, stands } from "./circle.js";
import { id, key, listOf, readDeed, text } from "./deeds.js";
import { authorOf } from "./directory.js";
import { Refused, require } from "./failures.js";
import { KeptMap } from "./kept_map.js";

/** @typedef {import("./log.js").Entry} Entry */
/** @typedef {import("./circle.js").Circle} Circle */
/** @typedef {import("./membership.js").Directories} Directories */
/** @typedef {{ hash: string, by: string, at: number, deed: any, quarantined: boolean }} Version */
/**
 * Ids and hashes are hexadecimal here; `current` are the versions of a record that no other follows.
 * @typedef {{ compartment: string, membersSeen: number, versions: KeptMap<Version>, ids: KeptMap<true>,
 *   current: KeptMap<Set<string>>, erased: KeptMap<true> }} Records
 */

const MEMBERSHIP = 1;
const RECORDS = 2;
const DEEDS = {
  "write": { record: id, version: id, kind: text(1, 32), content: key, promise: key, follows: listOf(key, 0, 16) },
  erase: { record: id },
};

/** @param {string} compartment @returns {Records} */
export function empty(compartment) {
  const [versions, ids, current, erased] = [new KeptMap(), new KeptMap(), new KeptMap(), new KeptMap()];
  return { compartment, membersSeen: -1, versions, ids, current, erased };
}

/**
 * @param {Records} before
 * @param {Entry} entry
 * @param {(number: number) => Circle} circles the compartment as it stood after an entry of its members' log
 * @param {Directories} directories
 * @returns {Records} what they are after the entry; those before stay as they were
 */
export function decided(before, entry, circles, directories) {
  require(entry.head.kind === RECORDS && hex(entry.head.log) === before.compartment, "not-as-written");
  const deed = readDeed(DEEDS, entry.do, entry.particulars);
  const own = membersSeenBy(entry);
  const circle = circles(own);
  const directory = directories(circle.directorySeen);
  const author = authorOf(directory, entry);
  require(stands(circle, author.id, directory, entry.at) && isOpen(circle, entry.at), "not-empowered");
  const membersSeen = Math.max(before.membersSeen, own);
  const now = circles(membersSeen);
  const gone = !stands(now, author.id, directories(now.directorySeen), entry.at);
  const records = {
    ...before, membersSeen, versions: before.versions.copied(), ids: before.ids.copied(), current: before.current.copied(),
    erased: before.erased.copied(),
  };
  const record = hex(deed.record);
  if (deed.does === "erase") {
    require(!gone && leads(now, author.id), "not-empowered");
    require(records.current.delete(record), "void");
    records.erased.set(record, true);
  } else place(records, record, { hash: hex(entry.head.hash), by: author.id, at: entry.at, deed, quarantined: gone });
  return records;
}

/** @param {Records} records @param {string} record @param {Version} version */
function place(records, record, version) {
  const listed = version.deed.follows.map(hex);
  const follows = new Set(listed);
  const name = hex(version.deed.version);
  require(!records.erased.has(record) && !records.ids.has(name) && follows.size === listed.length, "void");
  for (const each of follows) {
    const known = records.versions.get(each);
    require(known !== undefined && hex(known.deed.record) === record, "void");
  }
  require(follows.size > 0 === records.current.has(record), "void");
  records.versions.set(version.hash, version);
  records.ids.set(name, true);
  if (version.quarantined) return;
  const kept = [...(records.current.get(record) ?? [])].filter((each) => !follows.has(each));
  records.current.set(record, new Set([...kept, version.hash]));
}

/** @param {Entry} entry @returns {number} */
function membersSeenBy(entry) {
  const seen = entry.seen.find((each) => each.kind === MEMBERSHIP && hex(each.log) === hex(entry.head.log));
  if (!seen) throw new Refused("not-as-written");
  return seen.number;
}
