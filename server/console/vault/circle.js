/** A compartment at one position of its members' log, and what can be told of it. */
import { hex } from "./bytes.js";
import { isOfTheNetwork } from "./directory.js";

/** @typedef {import("./directory.js").Directory} Directory */
/** @typedef {{ hash: string, deed: any, by: string }} Proposal */
/**
 * Ids and hashes are hexadecimal here.
 * `since`: since which entry of the directory each member had been there, with their keys, when they were let in;
 * `keepUntil`: until when its leaders have said that what is sealed here is kept, 0 while they have not;
 * `recordsSeen`: the furthest head of the records that an entry has seen.
 * @typedef {{ id: string, sensitive: boolean, coordinator: string, deputy: string, endsAt: number, directorySeen: number,
 *   members: Set<string>, since: Map<string, number>, recordsSeen: number, lapses: Map<string, number>, hurried: Set<string>, excluded: Set<string>,
 *   proposals: import("./waiting.js").Waiting<Proposal>, epoch: number, promise: string, granted: Set<string>, held: boolean, keepUntil: number, closed: boolean }} Circle
 */

/** @param {Circle} circle @param {Directory} directory @param {number} now @returns {Set<string>} who is a member now */
export function standing(circle, directory, now) {
  return new Set([...circle.members].filter((each) => stands(circle, each, directory, now)));
}

/** @param {Circle} circle @param {string} person @param {Directory} directory @param {number} now @returns {boolean} a member now */
export function stands({ members, lapses, since }, person, directory, now) {
  return members.has(person) && now < (lapses.get(person) ?? Infinity) && isOfTheNetwork(directory, person)
    && directory.people.get(person)?.since === since.get(person);
}

/** @param {Circle} circle @param {string} person @param {Directory} directory @returns {boolean} a lasting member who has come back, or has other keys than they were let in with */
export function hasReturned({ members, lapses, since }, person, directory) {
  return members.has(person) && !lapses.has(person) && isOfTheNetwork(directory, person)
    && directory.people.get(person)?.since !== since.get(person);
}

/** @param {Proposal} proposal @returns {string} who would be a member, or the deputy; of the end of a hold, who proposed it */
export function about({ deed, by }) {
  return deed.does === "release" ? by : hex(deed.person ?? deed.deputy);
}

/** @param {Circle} circle @param {number} now @returns {boolean} whether anything may still be decided here but what outlasts its end */
export function isOpen({ closed, endsAt }, now) {
  return !closed && (endsAt === 0 || now < endsAt);
}

/** @param {Circle} circle @param {number} now @returns {boolean} what is sealed here may be gone lawfully: it has ended, is not held, and is kept no longer */
export function mayBeErased(circle, now) {
  return !isOpen(circle, now) && !circle.held && circle.keepUntil > 0 && circle.keepUntil <= now;
}

/** @param {Circle} circle @param {any} deed @returns {boolean} decided also of a compartment that has ended: that it is closed, and what becomes of it */
export function outlastsTheEnd({ closed, proposals }, deed) {
  if (deed.does === "close") return !closed;
  if (deed.does === "approve" || deed.does === "withdraw") return proposals.get(hex(deed.proposal))?.deed.does === "release";
  return ["hold", "release", "keep"].includes(deed.does);
}

/** @param {Circle} circle @param {string} person @returns {boolean} */
export function leads(circle, person) {
  return person === circle.coordinator || person === circle.deputy;
}
