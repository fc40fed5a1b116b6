/** Who comes into a compartment and who goes, and who may come at all; a part of `cases/trust/membership.py`. */
import { about, hasReturned } from "./circle.js";
import { isOfTheNetwork } from "./directory.js";
import { require } from "./failures.js";

/** @typedef {import("./directory.js").Directory} Directory */
/** @typedef {import("./directory.js").Member} Member */
/** @typedef {import("./circle.js").Circle} Circle */

/** @param {Circle} circle @param {Directory} directory @param {string} person a member for good; nothing waits about them any more */
export function welcome(circle, directory, person) {
  for (const each of circle.proposals.of(person)) {
    if (about(each) === person && !["succeed", "release"].includes(each.deed.does)) circle.proposals.delete(each.hash);
  }
  letIn(circle, directory, person);
  circle.lapses.delete(person);
  circle.hurried.delete(person);
}

/** @param {Circle} circle @param {Directory} directory @param {string} person a member with the keys that the directory gives; the epoch's key was given to no others */
export function letIn(circle, directory, person) {
  const since = sinceOf(directory, person);
  if (circle.since.get(person) !== since) circle.granted.delete(person);
  circle.members.add(person);
  circle.since.set(person, since);
}

/** @param {Circle} circle @param {string} person who is here for a while only; anybody else stays */
export function endStay(circle, person) {
  if (circle.lapses.delete(person)) circle.members.delete(person);
}

/** @param {Circle} circle @param {string} person their membership ends, and what was proposed about them or by them */
export function letGo(circle, person) {
  circle.members.delete(person);
  circle.lapses.delete(person);
  for (const each of circle.proposals.of(person)) circle.proposals.delete(each.hash);
}

/** @param {Circle} circle @param {Directory} directory @param {string} person */
export function requireWelcome(circle, directory, person) {
  require(!circle.excluded.has(person) && isOfTheNetwork(directory, person), "void");
  require(!circle.members.has(person) || circle.lapses.has(person) || hasReturned(circle, person, directory), "void");
}

/** @param {Directory} directory @param {string} one @param {string} other */
export function requireTwoAgencies(directory, one, other) {
  require(isOfTheNetwork(directory, one) && isOfTheNetwork(directory, other), "void");
  require(directory.people.get(one)?.agency !== directory.people.get(other)?.agency, "not-empowered");
}

/** @param {Directory} directory @param {string} person who is of the network @returns {number} */
export function sinceOf(directory, person) {
  return /** @type {Member} */ (directory.people.get(person)).since;
}
