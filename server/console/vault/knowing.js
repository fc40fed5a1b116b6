/** Who could have known what of a compartment up to a moment, by its verified logs alone, as in `cases/trust/knowing.py`. */
import { hex } from "./bytes.js";
import { standing } from "./circle.js";
import { readDeed } from "./deeds.js";
import { DEEDS } from "./membership_deeds.js";

/** @typedef {import("./compartment.js").Compartment} Compartment */
/** @typedef {import("./log.js").Entry} Entry */
/** @typedef {import("./grants.js").HistoryGrant} HistoryGrant */
/** @typedef {import("./records.js").Said} Said */
/** @typedef {{ number: number, at: number, endedNumber: number | null, endedAt: number | null }} Stay a membership, and at which entry and when it was over */
/** @typedef {{ id: string, record: string, by: string, at: number, epoch: number, over: number }} Version `over`: from which entry of the records on it is current no more */
/** @typedef {{ number: number, at: number, members: string[], recordsSeen: number }} Epoch `recordsSeen`: so many entries of the records its author had seen */
/**
 * What is asked: up to when (null for all that there is), when it is asked, of which record alone; grants of the past that
 * the logs bear out, and those that they do not.
 * @typedef {{ until: number | null, now: number, record?: string | null, granted?: HistoryGrant[], stated?: HistoryGrant[] }} Asked
 */
/**
 * Ids are hexadecimal here, moments seconds since 1970. `versions`: by version, the first moment at which they had a key of
 * it; `byHistory`: those of them that only a grant of the past gave; `stated`: grants that nothing bears out.
 * @typedef {{ person: string, stays: Stay[], epochs: number[], versions: Map<string, number>, byHistory: Set<string>, stated: HistoryGrant[] }} Knower
 */

const RECORDS = 2;
/** A machine's clock may be so far off the server's. */
export const CLOCKS_APART = 600;

/** @param {number} at @param {number | null} until @returns {boolean} what an author dates so may have been written by a moment */
export function byThen(at, until) {
  return until === null || at <= until + CLOCKS_APART;
}

/** @template {{ at: number }} Some @param {Some[]} entries @param {number | null} until @returns {Some[]} up to the last one that may have been written by a moment */
export function upTo(entries, until) {
  return entries.slice(0, entries.findLastIndex((each) => byThen(each.at, until)) + 1);
}

/**
 * @param {Compartment} compartment
 * @param {Entry[]} members all entries of the members' log, verified
 * @param {Asked} asked
 * @returns {Knower[]} everybody who was a member or had a key by a moment, ascending by id; of one record where one is named
 */
export function couldHaveKnown(compartment, members, { until, now, record = null, granted = [], stated = [] }) {
  const seen = upTo(members, until);
  const stays = staysOf(compartment, seen, until ?? now);
  const epochs = epochsOf(seen);
  const versions = versionsOf(compartment, upTo(compartment.said, until)).filter((each) => record === null || each.record === record);
  const known = new Set(versions.map((each) => each.id));
  const about = (/** @type {HistoryGrant} */ { at, versions: named }) => byThen(at, until) && named.some((each) => known.has(hex(each)));
  const [keys, past] = keysOf(versions, epochs, granted.filter(about), known);
  const unproven = stated.filter(about);
  const people = new Set([...keys.keys(), ...unproven.map((each) => hex(each.member)), ...(record === null ? stays.keys() : [])]);
  return [...people].sort().map((person) => ({
    person, stays: stays.get(person) ?? [],
    epochs: epochs.filter((each) => each.members.includes(person)).map((each) => each.number),
    versions: keys.get(person) ?? new Map(), byHistory: past.get(person) ?? new Set(),
    stated: unproven.filter((each) => hex(each.member) === person),
  }));
}

/** @param {Version[]} versions @param {Epoch[]} epochs @param {HistoryGrant[]} granted @param {Set<string>} known @returns {[Map<string, Map<string, number>>, Map<string, Set<string>>]} since when each person had a key of which version; and which only a grant gave */
function keysOf(versions, epochs, granted, known) {
  /** @type {Map<string, Map<string, number>>} */
  const keys = new Map();
  /** @type {Map<string, Set<string>>} */
  const past = new Map();
  const had = (/** @type {string} */ person, /** @type {string} */ version, /** @type {number} */ at) => {
    const mine = keys.get(person) ?? new Map();
    keys.set(person, mine.set(version, Math.min(at, mine.get(version) ?? at)));
  };
  for (const version of versions) {
    had(version.by, version.id, version.at);
    for (const epoch of epochs.filter((each) => wasWrapped(version, each))) {
      for (const person of epoch.members) had(person, version.id, Math.max(version.at, epoch.at));
    }
  }
  for (const { member, at, versions: named } of granted) {
    const person = hex(member);
    for (const version of named.map(hex).filter((each) => known.has(each))) {
      if (!keys.get(person)?.has(version)) past.set(person, (past.get(person) ?? new Set()).add(version));
      had(person, version, at);
    }
  }
  return [keys, past];
}

/** @param {Version} version @param {Epoch} epoch @returns {boolean} it may have been wrapped under it: its own, or one that began while it was current */
function wasWrapped(version, epoch) {
  return epoch.number > version.epoch ? epoch.recordsSeen <= version.over : epoch.number === version.epoch;
}

/** @param {Compartment} compartment @param {Entry[]} members @param {number} until @returns {Map<string, Stay[]>} */
function staysOf(compartment, members, until) {
  /** @type {Map<string, Stay[]>} */
  const stays = new Map();
  /** @type {Map<string, Stay>} */
  const begun = new Map();
  /** @type {Map<string, number>} */
  let lapses = new Map();
  const end = (/** @type {Stay} */ stay, /** @type {number | null} */ number, /** @type {number} */ at) => {
    stay.endedNumber = number;
    stay.endedAt = at;
  };
  for (const [number, { at }] of members.entries()) {
    const circle = compartment.circleAt(number);
    const there = standing(circle, compartment.network.at(circle.directorySeen), at);
    for (const [person, stay] of begun) {
      if (there.has(person)) continue;
      // Whose stay lapsed was gone from then on, and not from the next entry on.
      end(stay, number, Math.min(at, lapses.get(person) ?? at));
      begun.delete(person);
    }
    for (const person of there) {
      if (begun.has(person)) continue;
      const stay = { number, at, endedNumber: null, endedAt: null };
      begun.set(person, stay);
      stays.set(person, [...(stays.get(person) ?? []), stay]);
    }
    lapses = circle.lapses;
  }
  for (const [person, stay] of begun) {
    const lapsed = lapses.get(person) ?? Infinity;
    if (lapsed <= until) end(stay, null, lapsed);
  }
  return stays;
}

/** @param {Entry[]} members @returns {Epoch[]} */
function epochsOf(members) {
  return members.flatMap(({ at, do: does, particulars, seen }) => {
    const deed = readDeed(DEEDS, does, particulars);
    if (deed.does !== "begin-epoch") return [];
    const recordsSeen = (seen.find((each) => each.kind === RECORDS)?.number ?? -1) + 1;
    return [{ number: deed.number, at, members: deed.members.map(hex), recordsSeen }];
  });
}

/** @param {Compartment} compartment @param {Said[]} written @returns {Version[]} */
function versionsOf({ circles, records }, written) {
  /** @type {Map<string, number>} */
  const over = new Map();
  /** @type {Map<string, number>} */
  const erased = new Map();
  for (const { hash, number, deed } of written) {
    if (deed.does === "erase") {
      if (records.erased.has(hex(deed.record))) erased.set(hex(deed.record), number);
    } else if (!records.versions.get(hash)?.quarantined) {
      for (const each of deed.follows.map(hex)) if (!over.has(each)) over.set(each, number);
    }
  }
  return written.filter(({ deed }) => deed.does === "write").map(({ hash, by, at, membersSeen, deed }) => {
    const record = hex(deed.record);
    const ends = Math.min(over.get(hash) ?? Infinity, erased.get(record) ?? Infinity);
    const { epoch } = /** @type {import("./circle.js").Circle} */ (circles[membersSeen]);
    return { id: hex(deed.version), record, by, at, epoch, over: ends };
  });
}
