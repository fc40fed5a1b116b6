/** Who is in a compartment, who leads it, who is barred, which epoch holds, as in `cases/trust/membership.py`. */
import { hex, same } from "./bytes.js";
import { about, hasReturned, isOpen, leads, outlastsTheEnd, standing, stands } from "./circle.js";
import { readDeed } from "./deeds.js";
import { authorOf, isOfTheNetwork } from "./directory.js";
import { Refused, require } from "./failures.js";
import { DEEDS } from "./membership_deeds.js";
import { endStay, letGo, letIn, requireTwoAgencies, requireWelcome, sinceOf, welcome } from "./stays.js";
import { Waiting } from "./waiting.js";

/** @typedef {import("./log.js").Entry} Entry */
/** @typedef {import("./directory.js").Directory} Directory */
/** @typedef {import("./directory.js").Member} Member */
/** @typedef {(number: number) => Directory} Directories the directory as it stood after the entry at a position */
/** @typedef {import("./circle.js").Circle} Circle */
/** @typedef {import("./circle.js").Proposal} Proposal */

const DIRECTORY = 0;
const MEMBERSHIP = 1;
const RECORDS = 2;
const LONGEST_EMERGENCY = 12 * 3600;
const PROPOSED = ["propose", "add-in-emergency", "succeed", "release"];

/** @param {Entry} entry the first @param {Directories} directories @returns {Circle} */
export function opened(entry, directories) {
  const deed = readDeed(DEEDS, entry.do, entry.particulars);
  const directorySeen = directorySeenBy(entry);
  require(deed.does === "open" && entry.head.number === 0 && entry.head.kind === MEMBERSHIP, "not-as-written");
  const directory = directories(directorySeen);
  const author = authorOf(directory, entry);
  const [coordinator, deputy] = [hex(deed.coordinator), hex(deed.deputy)];
  require(coordinator === author.id, "not-empowered");
  const members = new Set([...deed.members.map(hex), coordinator, deputy]);
  require(!deed.sensitive || members.size === new Set([coordinator, deputy]).size, "not-empowered");
  require([...members].every((each) => isOfTheNetwork(directory, each)), "void");
  require(deed.ends_at === 0 || deed.ends_at > entry.at, "void");
  requireTwoAgencies(directory, coordinator, deputy);
  return {
    id: hex(entry.head.log), sensitive: deed.sensitive, coordinator, deputy, endsAt: deed.ends_at, directorySeen, members,
    since: new Map([...members].map((each) => [each, sinceOf(directory, each)])), recordsSeen: recordsSeenBy(entry), lapses: new Map(), hurried: new Set(), excluded: new Set(), proposals: new Waiting((each) => [...new Set([each.by, about(each)])]), epoch: 0, promise: "",
    granted: new Set(), held: false, keepUntil: 0, closed: false,
  };
}

/** @param {Circle} before @param {Entry} entry @param {Directories} directories @returns {Circle} the one before stays as it was */
export function decided(before, entry, directories) {
  const directorySeen = Math.max(before.directorySeen, directorySeenBy(entry));
  const directory = directories(directorySeen);
  const author = authorOf(directory, entry);
  const deed = readDeed(DEEDS, entry.do, entry.particulars);
  require(stands(before, author.id, directory, entry.at), "not-empowered");
  require(isOpen(before, entry.at) || outlastsTheEnd(before, deed), "void");
  const circle = {
    ...before, directorySeen, recordsSeen: Math.max(before.recordsSeen, recordsSeenBy(entry)), members: new Set(before.members),
    since: new Map(before.since), granted: new Set(before.granted), lapses: new Map(before.lapses),
    hurried: new Set(before.hurried), excluded: new Set(before.excluded), proposals: before.proposals.copied(),
  };
  // Whoever lapsed before this entry is out from here on, whatever moment somebody says later.
  for (const [person, until] of before.lapses) if (until <= entry.at) endStay(circle, person);
  if (deed.does === "approve" || deed.does === "withdraw") settle(circle, directory, author, deed, entry.at);
  else if (PROPOSED.includes(deed.does)) {
    propose(circle, directory, author, { hash: hex(entry.head.hash), deed, by: author.id }, entry.at);
  } else act(circle, directory, author, deed, entry.at);
  return circle;
}

/** @param {Circle} circle @param {Directory} directory @param {Member} author @param {any} deed @param {number} at */
function act(circle, directory, author, deed, at) {
  if (deed.does === "begin-epoch") return beginEpoch(circle, directory, deed, at);
  const person = deed.person ? hex(deed.person) : "";
  if (deed.does === "remove" && (leads(circle, author.id) || author.id === person)) {
    require(!leads(circle, person), "not-empowered");
    require(circle.members.has(person), "void");
    return letGo(circle, person);
  }
  require(leads(circle, author.id), "not-empowered");
  if (deed.does === "exclude" || deed.does === "readmit") {
    require(!leads(circle, person), "not-empowered");
    require(circle.excluded.has(person) === (deed.does === "readmit"), "void");
    if (deed.does === "readmit") circle.excluded.delete(person);
    else {
      letGo(circle, person);
      circle.excluded.add(person);
    }
  } else if (deed.does === "add") {
    // Two have agreed to whoever returns before; two administrators know them by their keys again.
    require(!circle.sensitive || hasReturned(circle, person, directory), "not-empowered");
    requireWelcome(circle, directory, person);
    // They may come back by another agency.
    if (leads(circle, person)) requireTwoAgencies(directory, circle.coordinator, circle.deputy);
    welcome(circle, directory, person);
  } else if (deed.does === "lead" && author.id === circle.coordinator) {
    hand(circle, directory, hex(deed.coordinator), hex(deed.deputy), at);
  } else if (deed.does === "hold") {
    require(!circle.held, "void");
    circle.held = true;
  } else if (deed.does === "keep") {
    require(deed.until > Math.max(circle.keepUntil, at), "void");
    circle.keepUntil = deed.until;
  } else if (deed.does === "close") {
    require(!circle.held, "void");
    circle.closed = true;
    for (const each of circle.proposals.keys()) circle.proposals.delete(each);
  } else throw new Refused("not-empowered");
}

/** @param {Circle} circle @param {Directory} directory @param {Member} author @param {Proposal} proposal @param {number} at */
function propose(circle, directory, author, proposal, at) {
  const { deed } = proposal;
  require(deed.until > at, "void");
  if (deed.does === "succeed") {
    require(author.id === circle.deputy, "not-empowered");
    require(!stands(circle, circle.coordinator, directory, at), "void");
    requireTwoAgencies(directory, author.id, hex(deed.deputy));
  } else {
    require(leads(circle, author.id), "not-empowered");
    if (deed.does === "release") {
      require(circle.held, "void");
      return circle.proposals.put(proposal);
    }
    const person = hex(deed.person);
    requireWelcome(circle, directory, person);
    if (deed.does === "add-in-emergency") {
      // A leader adds for good whoever returns; nobody who leads is here for a while only.
      require(!hasReturned(circle, person, directory), "void");
      require(deed.until - at <= LONGEST_EMERGENCY && !circle.hurried.has(person), "not-empowered");
      letIn(circle, directory, person);
      circle.lapses.set(person, deed.until);
      circle.hurried.add(person);
    }
  }
  circle.proposals.put(proposal);
}

/** @param {Circle} circle @param {Directory} directory @param {Member} author @param {any} deed @param {number} at */
function settle(circle, directory, author, deed, at) {
  const proposal = circle.proposals.get(hex(deed.proposal));
  require(proposal !== undefined, "void");
  const wanted = proposal.deed;
  const person = wanted.person ? hex(wanted.person) : "";
  if (deed.does === "withdraw") {
    require(proposal.by === author.id, "not-empowered");
    circle.proposals.delete(proposal.hash);
    if (wanted.does === "add-in-emergency") endStay(circle, person);
    return;
  }
  // Whoever has proposed must still be the one who may.
  const may = wanted.does === "succeed" ? proposal.by === circle.deputy : leads(circle, proposal.by);
  require(at < wanted.until && may && stands(circle, proposal.by, directory, at), "void");
  const by = /** @type {Member} */ (directory.people.get(proposal.by));
  require(by.agency !== author.agency && !circle.lapses.has(author.id), "not-empowered");
  if (wanted.does === "succeed") {
    require(!stands(circle, circle.coordinator, directory, at), "void");
    hand(circle, directory, proposal.by, hex(wanted.deputy), at);
  } else if (wanted.does === "release") {
    circle.held = false;
    // No other proposal of that waits on: it would end a later hold.
    for (const each of circle.proposals.values()) if (each.deed.does === "release") circle.proposals.delete(each.hash);
    return;
  } else {
    require(author.id !== person, "not-empowered");
    require(!circle.excluded.has(person) && isOfTheNetwork(directory, person), "void");
    welcome(circle, directory, person);
  }
  circle.proposals.delete(proposal.hash);
}

/** @param {Circle} circle @param {Directory} directory @param {any} deed @param {number} at */
function beginEpoch(circle, directory, deed, at) {
  const members = new Set(deed.members.map(hex));
  const now = standing(circle, directory, at);
  require(deed.number === circle.epoch + 1, "void");
  const just = deed.members.length === now.size && members.size === now.size && [...now].every((each) => members.has(each));
  require(just, "not-empowered");
  circle.epoch = deed.number;
  circle.promise = hex(deed.promise);
  circle.granted = now;
}

/** @param {Circle} circle @param {Directory} directory @param {string} coordinator @param {string} deputy @param {number} at */
function hand(circle, directory, coordinator, deputy, at) {
  const now = standing(circle, directory, at);
  require([coordinator, deputy].every((each) => now.has(each) && !circle.lapses.has(each)), "void");
  requireTwoAgencies(directory, coordinator, deputy);
  circle.coordinator = coordinator;
  circle.deputy = deputy;
}

/** @param {Entry} entry @returns {number} the head of the same compartment's records that it names, or -1 */
function recordsSeenBy({ head, seen }) {
  return seen.find((each) => each.kind === RECORDS && same(each.log, head.log))?.number ?? -1;
}

/** @param {Entry} entry @returns {number} */
function directorySeenBy(entry) {
  const seen = entry.seen.find((each) => each.kind === DIRECTORY);
  if (!seen) throw new Refused("not-as-written");
  return seen.number;
}
