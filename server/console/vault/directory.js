/** Which agencies there are, who belongs to them with which keys, and who may say so, as in `agencies/trust/directory.py`. */
import { hex } from "./bytes.js";
import { readDeed } from "./deeds.js";
import { DEEDS } from "./directory_deeds.js";
import { ADMINISTRATOR, copied, dropMember, dropWordOf, empty, setMember } from "./directory_state.js";
import { require } from "./failures.js";

/** @typedef {import("./log.js").Entry} Entry */
/** @typedef {import("./directory_state.js").Member} Member */
/** @typedef {import("./directory_state.js").Proposal} Proposal */
/** @typedef {import("./directory_state.js").Directory} Directory */

const SEVERAL = 3;
/** What no agency does alone: give somebody known other keys, and let agencies in where there is more than one. */
const FEWEST_AGENCIES = 2;

/** @param {Entry} entry the genesis @returns {Directory} */
export function founded(entry) {
  const deed = readDeed(DEEDS, entry.do, entry.particulars);
  require(deed.does === "found" && entry.head.number === 0, "not-as-written");
  const directory = empty();
  for (const each of deed.agencies) addAgency(directory, each, entry.head.number);
  require(authorOf(directory, entry).role === ADMINISTRATOR, "not-empowered");
  return directory;
}

/** @param {Directory} before @param {Entry} entry @returns {Directory} what it is after the entry; the one before stays as it was */
export function decided(before, entry) {
  const author = authorOf(before, entry);
  const deed = readDeed(DEEDS, entry.do, entry.particulars);
  require(author.role === ADMINISTRATOR && deed.does !== "found", "not-empowered");
  const directory = copied(before);
  if (deed.does === "revoke") revoke(directory, author, deed);
  else if (deed.does === "withdraw") {
    const proposal = directory.proposals.get(hex(deed.proposal));
    require(proposal !== undefined, "void");
    require(proposal.by[0] === author.id, "not-empowered");
    directory.proposals.delete(proposal.hash);
  } else if (deed.does === "approve") {
    const proposal = directory.proposals.get(hex(deed.proposal));
    require(proposal !== undefined && entry.at < proposal.deed.until && !proposal.by.includes(author.id), "void");
    require(mayAgree(author, proposal.deed), "not-empowered");
    carry(directory, { ...proposal, by: [...proposal.by, author.id] }, entry.head.number);
  } else {
    requireSense(before, author, deed, entry.head.number);
    require(deed.until > entry.at, "void");
    carry(directory, { hash: hex(entry.head.hash), deed, by: [author.id] }, entry.head.number);
  }
  return directory;
}

/** @param {Directory} directory @param {Entry} entry @returns {Member} who wrote it, with their own key */
export function authorOf(directory, entry) {
  const member = directory.people.get(hex(entry.by));
  require(member !== undefined && member.signingKey === hex(entry.key) && isOfTheNetwork(directory, member.id), "not-empowered");
  return member;
}

/** @param {Directory} directory @param {string | undefined} person @returns {boolean} of an agency whose word counts */
export function isOfTheNetwork(directory, person) {
  const member = directory.people.get(person ?? "");
  return member !== undefined && directory.agencies.get(member.agency) === false;
}

/** @param {Directory} directory @param {string} agency @returns {string[]} */
export function administrators(directory, agency) {
  return directory.agencies.get(agency) === false ? [...(directory.leading.get(agency)?.keys() ?? [])] : [];
}

/** @param {Directory} directory @param {Member} member @returns {boolean} an administrator whose word counts */
function administers(directory, member) {
  return member.role === ADMINISTRATOR && isOfTheNetwork(directory, member.id);
}

/** @param {Directory} directory @param {Proposal} proposal @returns {boolean} whether enough of those who may have agreed */
function agreed(directory, { deed, by }) {
  const people = by.flatMap((each) => directory.people.get(each) ?? []);
  const standing = people.filter((each) => administers(directory, each));
  const agencies = new Set(standing.map((each) => each.agency));
  if (deed.does === "attest") return standing.length >= (leadersOf(directory, hex(deed.agency)) >= SEVERAL ? 2 : 1);
  if (deed.does === "rekey") {
    const person = hex(deed.person);
    const own = directory.people.get(person)?.agency ?? "";
    const others = leadersOf(directory, own) - (directory.leading.get(own)?.has(person) ? 1 : 0);
    return agencies.size >= FEWEST_AGENCIES && (agencies.has(own) || others < 1);
  }
  const all = [...directory.agencies].filter(([, suspended]) => !suspended).map(([agency]) => agency);
  if (deed.does === "join") {
    // Whoever has suspended all others lets nobody in to take their place.
    const least = Math.min(FEWEST_AGENCIES, directory.agencies.size);
    return agencies.size >= Math.max(least, Math.floor(all.length / 2) + 1);
  }
  const others = all.filter((each) => each !== hex(deed.agency));
  return others.filter((each) => agencies.has(each)).length > Math.floor(others.length / 2);
}

/** @param {Directory} directory @param {string} agency @returns {number} how many administer it; none where it is suspended */
function leadersOf(directory, agency) {
  return directory.agencies.get(agency) === false ? directory.leading.get(agency)?.size ?? 0 : 0;
}

/** @param {Directory} directory @param {Member} author @param {any} deed @param {number} number of the entry */
function requireSense(directory, author, deed, number) {
  const tried = copied(directory);
  if (deed.does === "join") addAgency(tried, deed, number);
  else if (deed.does === "suspend") {
    require(directory.agencies.get(hex(deed.agency)) === false, "void");
    require(hex(deed.agency) !== author.agency, "not-empowered");
  } else if (deed.does === "attest") {
    require(hex(deed.agency) === author.agency, "not-empowered");
    addPerson(tried, deed, number);
  } else {
    rekey(tried, deed, number);
    require(author.id !== hex(deed.person), "not-empowered");
  }
}

/** @param {Member} member @param {any} deed @returns {boolean} */
function mayAgree(member, deed) {
  if (deed.does === "attest") return member.agency === hex(deed.agency);
  if (deed.does === "suspend") return member.agency !== hex(deed.agency);
  return deed.does === "join" || member.id !== hex(deed.person);
}

/** @param {Directory} directory @param {Proposal} proposal @param {number} number of the entry */
function carry(directory, proposal, number) {
  directory.proposals.put(proposal);
  if (!agreed(directory, proposal)) return;
  directory.proposals.delete(proposal.hash);
  const { deed } = proposal;
  if (deed.does === "join") addAgency(directory, deed, number);
  else if (deed.does === "attest") addPerson(directory, deed, number);
  else if (deed.does === "rekey") {
    rekey(directory, deed, number);
    dropWordOf(directory, [hex(deed.person)]);
  } else {
    directory.agencies.set(hex(deed.agency), true);
    dropWordOf(directory, directory.staff.get(hex(deed.agency))?.keys() ?? []);
  }
}

/** @param {Directory} directory @param {Member} author @param {any} deed */
function revoke(directory, author, deed) {
  const member = directory.people.get(hex(deed.person));
  require(member !== undefined, "void");
  require(member.agency === author.agency, "not-empowered");
  dropMember(directory, member);
  dropWordOf(directory, [member.id]);
}

/** @param {Directory} directory @param {any} agency @param {number} number of the entry */
function addAgency(directory, agency, number) {
  const name = hex(agency.agency);
  require(!directory.agencies.has(name), "void");
  directory.agencies.set(name, false);
  for (const each of agency.people) {
    require(hex(each.agency) === name && !directory.people.has(hex(each.person)), "not-as-written");
    addPerson(directory, each, number);
  }
  require(leadersOf(directory, name) > 0, "not-as-written");
}

/** @param {Directory} directory @param {any} attested @param {number} number of the entry */
function addPerson(directory, attested, number) {
  require([0, 32].includes(attested.matrix_master.length), "not-as-written");
  const person = hex(attested.person);
  const [agency, signingKey, boxKey] = [attested.agency, attested.signing_key, attested.box_key].map(hex);
  const known = directory.people.get(person);
  require((known?.agency ?? agency) === agency, "not-empowered");
  require([signingKey, boxKey].every((each) => (directory.keys.get(each) ?? person) === person), "void");
  require((directory.lastKeys.get(person) ?? signingKey + boxKey) === signingKey + boxKey, "void");
  const matrix = Object.entries({ user: attested.matrix_user, master: hex(attested.matrix_master) })
    // Only what is not there at all is nobody's; a name that ends with a space is a name.
    .flatMap(([kind, name]) => (name ? [`${kind} ${name}`] : []));
  require(matrix.every((each) => (directory.accounts.get(each) ?? person) === person), "void");
  setMember(directory, { id: person, agency, role: attested.role, signingKey, boxKey, matrix, since: known?.since ?? number });
}

/** @param {Directory} directory @param {any} deed @param {number} number of the entry */
function rekey(directory, deed, number) {
  const member = directory.people.get(hex(deed.person));
  const [signingKey, boxKey] = [hex(deed.signing_key), hex(deed.box_key)];
  require(member !== undefined && !directory.keys.has(signingKey) && !directory.keys.has(boxKey), "void");
  setMember(directory, { ...member, signingKey, boxKey, since: number });
}
