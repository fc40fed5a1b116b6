/**
 * The ways that this person may see, as the server told of them last: put in so that an answer never overwrites one that
 * was asked for later, and what did not change stays the same object.
 */
import { reuse } from "./merging.js";

/**
 * @typedef {import("./types.js").Operation} Operation
 * @typedef {import("./types.js").Ways} Ways
 */

/** @type {Ways} */
export const NO_WAYS = { known: null, asOf: {}, anewAt: 0 };

/**
 * Put all of them in.
 * @param {Ways} ways
 * @param {readonly Operation[]} listed
 * @param {number} number Which request it answers.
 * @param {boolean} anew Whether what this person may see has changed: then what is not listed is gone.
 * @returns {Ways}
 */
export function withWays(ways, listed, number, anew) {
  const newer = (/** @type {string} */ id) => (ways.asOf[id] ?? 0) > number;
  const kept = (ways.known ?? []).filter((each) => newer(each.operation) && !anew);
  const fresh = listed.filter((each) => !newer(each.operation));
  const asOf = Object.fromEntries(Object.entries(ways.asOf).filter(([, at]) => at > number));
  for (const each of fresh) asOf[each.operation] = number;
  return { known: reuse(ways.known, [...fresh, ...kept]), asOf, anewAt: anew ? number : ways.anewAt };
}

/**
 * @param {Ways} ways
 * @param {Operation} way
 * @param {number} number
 * @returns {Ways}
 */
export function withWay(ways, way, number) {
  if ((ways.asOf[way.operation] ?? ways.anewAt) > number) return ways;
  const others = (ways.known ?? []).filter((each) => each.operation !== way.operation);
  // Known at all they are when they were listed once.
  const known = ways.known && reuse(ways.known, [...others, way]);
  return { ...ways, known, asOf: { ...ways.asOf, [way.operation]: number } };
}

/**
 * Take out one that this person does not see (any more).
 * @param {Ways} ways
 * @param {string} id
 * @param {number} number
 * @returns {Ways}
 */
export function withoutWay(ways, id, number) {
  if ((ways.asOf[id] ?? 0) > number) return ways;
  const known = ways.known && ways.known.filter((each) => each.operation !== id);
  return { ...ways, known, asOf: { ...ways.asOf, [id]: number } };
}
