/** Which versions of a compartment's records are the current ones, as in `cases/trust/records.py`. */
import { hex } from "./bytes.js";
import { isOpen, leads, standing } from "./circle.js";
import { id, key, listOf, readDeed, text } from "./deeds.js";
import { authorOf } from "./directory.js";
import { Refused, require } from "./failures.js";

/** @typedef {import("./log.js").Entry} Entry */
/** @typedef {import("./circle.js").Circle} Circle */
/** @typedef {import("./membership.js").Directories} Directories */
/** @typedef {{ hash: string, by: string, at: number, deed: any, quarantined: boolean }} Version */
/**
 * Ids and hashes are hexadecimal here; `current` are the versions of a record that no other follows.
 * @typedef {{ compartment: string, membersSeen: number, versions: Map<string, Version>, ids: Set<string>,
 *   current: Map<string, Set<string>>, erased: Set<string> }} Records
 */

const MEMBERSHIP = 1;
const RECORDS = 2;
const DEEDS = {
  "write": { record: id, version: id, kind: text(1, 32), content: key, promise: key, follows: listOf(key, 0, 16) },
  erase: { record: id },
};

/** @param {string} compartment @returns {Records} */
export function empty(compartment) {
  return { compartment, membersSeen: -1, versions: new Map(), ids: new Set(), current: new Map(), erased: new Set() };
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
  require(standing(circle, directory, entry.at).has(author.id) && isOpen(circle, entry.at), "not-empowered");
  const membersSeen = Math.max(before.membersSeen, own);
  const now = circles(membersSeen);
  const gone = !standing(now, directories(now.directorySeen), entry.at).has(author.id);
  const records = {
    ...before, membersSeen, versions: new Map(before.versions), ids: new Set(before.ids), current: new Map(before.current),
    erased: new Set(before.erased),
  };
  const record = hex(deed.record);
  if (deed.does === "erase") {
    require(!gone && leads(now, author.id), "not-empowered");
    require(records.current.delete(record), "void");
    records.erased.add(record);
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
  records.ids.add(name);
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
