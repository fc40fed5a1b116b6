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
/** @typedef {{ hash: string, number: number, by: string, at: number, membersSeen: number, deed: any }} Said what its author was free to write where they stood */
/** @typedef {{ hash: string, by: string, at: number, deed: any, quarantined: boolean }} Version */
/**
 * Ids and hashes are hexadecimal here; `current` are the versions of a record that no other follows, `known` every record
 * of which there is a version, be it a quarantined one.
 * @typedef {{ compartment: string, membersSeen: number, versions: KeptMap<Version>, ids: KeptMap<true>, known: KeptMap<true>,
 *   current: KeptMap<Set<string>>, erased: KeptMap<true> }} Records
 */

const MEMBERSHIP = 1;
const RECORDS = 2;
/** As many versions as one can follow. */
export const MOST_FOLLOWED = 16;
const DEEDS = {
  "write": { record: id, version: id, kind: text(1, 32), content: key, promise: key, follows: listOf(key, 0, MOST_FOLLOWED) },
  erase: { record: id },
};

/** @param {string} compartment @returns {Records} */
export function empty(compartment) {
  const [versions, ids, known, current, erased] = [new KeptMap(), new KeptMap(), new KeptMap(), new KeptMap(), new KeptMap()];
  return { compartment, membersSeen: -1, versions, ids, known, current, erased };
}

/**
 * @param {Records} before
 * @param {Entry} entry
 * @param {Circle[]} circles the compartment as it stood after each entry of its members' log
 * @param {Directories} directories
 * @returns {Records} what they are after the entry; those before stay as they were
 */
export function decided(before, entry, circles, directories) {
  return placed(before, said(before.compartment, entry, circles, directories), circles, directories);
}

/** @param {string} compartment @param {Said[]} entries @param {Circle[]} circles @param {Directories} directories @returns {Records} by all that is known of the members now */
export function anew(compartment, entries, circles, directories) {
  return entries.reduce((records, each) => placed(records, each, circles, directories), empty(compartment));
}

/** @param {string} compartment @param {Entry} entry held against the members' head that it names @param {Circle[]} circles @param {Directories} directories @returns {Said} */
export function said(compartment, entry, circles, directories) {
  require(entry.head.kind === RECORDS && hex(entry.head.log) === compartment, "not-as-written");
  const deed = readDeed(DEEDS, entry.do, entry.particulars);
  const membersSeen = membersSeenBy(entry);
  const circle = /** @type {Circle} */ (circles[membersSeen]);
  const directory = directories(circle.directorySeen);
  const author = authorOf(directory, entry);
  require(stands(circle, author.id, directory, entry.at) && isOpen(circle, entry.at), "not-empowered");
  require(deed.does !== "erase" || leads(circle, author.id), "not-empowered");
  require(deed.does !== "erase" || !circle.held, "void");
  return { hash: hex(entry.head.hash), number: entry.head.number, by: author.id, at: entry.at, membersSeen, deed };
}

/** @param {Records} before @param {Said} entry @param {Circle[]} circles @param {Directories} directories @returns {Records} by all that is known of the members */
export function placed(before, { deed, ...entry }, circles, directories) {
  const membersSeen = Math.max(before.membersSeen, entry.membersSeen, lastBefore(circles, entry.number));
  const now = /** @type {Circle} */ (circles[membersSeen]);
  const gone = !stands(now, entry.by, directories(now.directorySeen), entry.at) || !isOpen(now, entry.at);
  const records = {
    ...before, membersSeen, versions: before.versions.copied(), ids: before.ids.copied(), known: before.known.copied(),
    current: before.current.copied(), erased: before.erased.copied(),
  };
  const record = hex(deed.record);
  if (deed.does === "write") place(records, record, { hash: entry.hash, by: entry.by, at: entry.at, deed, quarantined: gone });
  else {
    require(records.known.has(record) && !records.erased.has(record), "void");
    if (gone || now.held || !leads(now, entry.by)) return records;
    records.current.delete(record);
    records.erased.set(record, true);
  }
  return records;
}

/** @param {Circle[]} circles @param {number} number of an entry of the records @returns {number} the last members' entry whose author had not seen it: what that decided held already */
function lastBefore(circles, number) {
  let [from, to] = [0, circles.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (/** @type {Circle} */ (circles[middle]).recordsSeen < number) from = middle + 1;
    else to = middle;
  }
  return from - 1;
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
  require(follows.size > 0 === records.known.has(record), "void");
  records.versions.set(version.hash, version);
  records.ids.set(name, true);
  records.known.set(record, true);
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
