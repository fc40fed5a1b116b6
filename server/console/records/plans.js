/** Plans that were opened: read by their form, and what of their measures is overdue. What a plan lacks in its state the command line tells. */
import { shaped } from "./shaped.js";

/** @typedef {{ id: string, what: string, owner: string | null, deadline: string | null, status: string, why: string, effect: string, domain: string, purpose: string }} Measure */
/** @typedef {{ scenario: string, sign: string, domain: string, first_minute: string[], call: string[], safe_place: string, stop: string }} Contingency */
/** @typedef {{ plan: string, status: string, measures: Measure[], contingencies: Contingency[], [part: string]: any }} Plan */

const ENDED = ["done", "not_feasible"];
const LAST = "9999-12-31";

/** @param {import("./forms.js").Forms} forms @param {string} text @returns {Plan | null} nothing where it has no plan's form */
export function readPlan({ plans }, text) {
  for (const schema of Object.values(plans)) {
    const found = shaped(schema, text);
    if (found) return found;
  }
  return null;
}

/** @param {Measure} measure whether it is still to be done */
export function isOpen({ status }) {
  return !ENDED.includes(status);
}

/** @param {Measure} measure @param {string} today as in 2027-03-31 */
export function isOverdue(measure, today) {
  return isOpen(measure) && measure.deadline !== null && measure.deadline < today;
}

/** @param {Measure[]} measures @returns {Measure[]} what is to be done first, by its day; then what is not */
export function inOrder(measures) {
  const place = (/** @type {Measure} */ each) => `${isOpen(each) ? 0 : 1} ${each.deadline ?? LAST} ${each.id}`;
  return [...measures].sort((one, other) => (place(one) < place(other) ? -1 : 1));
}

/** @param {number} now milliseconds since 1970 @returns {string} the day where this browser is */
export function dayOf(now) {
  const at = new Date(now);
  const two = (/** @type {number} */ value) => String(value).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}
