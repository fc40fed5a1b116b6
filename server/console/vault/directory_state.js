/** The directory at one position of its log, and what changes in it; who may change what is for `directory.js`. */
import { KeptMap } from "./kept_map.js";
import { Waiting } from "./waiting.js";

/**
 * `since`: the entry from which on they have been here without a break, and with these keys.
 * @typedef {{ id: string, agency: string, role: string, signingKey: string, boxKey: string, matrix: string[], since: number }} Member
 */
/** @typedef {{ hash: string, deed: any, by: string[] }} Proposal */
/**
 * Ids, keys and hashes are hexadecimal here; an agency is suspended or not. Its people and administrators are found by its id.
 * @typedef {{ agencies: KeptMap<boolean>, people: KeptMap<Member>, staff: KeptMap<KeptMap<true>>,
 *   leading: KeptMap<KeptMap<true>>, accounts: KeptMap<string>, keys: KeptMap<string>, lastKeys: KeptMap<string>,
 *   proposals: Waiting<Proposal> }} Directory
 */

export const ADMINISTRATOR = "administrator";

/** @returns {Directory} */
export function empty() {
  return {
    agencies: new KeptMap(), people: new KeptMap(), staff: new KeptMap(), leading: new KeptMap(), accounts: new KeptMap(),
    keys: new KeptMap(), lastKeys: new KeptMap(), proposals: new Waiting((proposal) => proposal.by),
  };
}

/** @param {Directory} directory @returns {Directory} another that is changed for itself from here on */
export function copied({ agencies, people, staff, leading, accounts, keys, lastKeys, proposals }) {
  return {
    agencies: agencies.copied(), people: people.copied(), staff: staff.copied(), leading: leading.copied(),
    accounts: accounts.copied(), keys: keys.copied(), lastKeys: lastKeys.copied(), proposals: proposals.copied(),
  };
}

/** @param {Directory} directory @param {Member} member as they are now */
export function setMember(directory, member) {
  for (const name of directory.people.get(member.id)?.matrix ?? []) directory.accounts.delete(name);
  for (const name of member.matrix) directory.accounts.set(name, member.id);
  directory.people.set(member.id, member);
  mark(directory.staff, member, true);
  mark(directory.leading, member, member.role === ADMINISTRATOR);
  for (const each of [member.signingKey, member.boxKey]) directory.keys.set(each, member.id);
  directory.lastKeys.set(member.id, member.signingKey + member.boxKey);
}

/** @param {Directory} directory @param {Member} member who is of the network no more; their keys stay theirs */
export function dropMember(directory, member) {
  for (const name of member.matrix) directory.accounts.delete(name);
  directory.people.delete(member.id);
  mark(directory.staff, member, false);
  mark(directory.leading, member, false);
}

/** @param {Directory} directory @param {Iterable<string>} people what they proposed falls, and what they agreed to counts no more */
export function dropWordOf({ proposals }, people) {
  for (const person of people) {
    for (const each of proposals.of(person)) {
      if (each.by[0] === person) proposals.delete(each.hash);
      else proposals.put({ ...each, by: each.by.filter((by) => by !== person) });
    }
  }
}

/** @param {KeptMap<KeptMap<true>>} people those of each agency @param {Member} member @param {boolean} isOne */
function mark(people, { agency, id }, isOne) {
  const theirs = people.get(agency)?.copied() ?? new KeptMap();
  if (isOne) theirs.set(id, true);
  else theirs.delete(id);
  people.set(agency, theirs);
}
