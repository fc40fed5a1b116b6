/**
 * Puts what the API answers into the state. What did not change stays the same object, so that nothing is drawn again
 * for it; and an answer never overwrites one that was asked for later.
 */
import { isOpen } from "./alert_facts.js";
import { serverNow } from "./clock.js";

/**
 * @typedef {import("./types.js").Alert} Alert
 * @typedef {import("./types.js").Board} Board
 * @typedef {import("./types.js").Review} Review
 * @typedef {import("./types.js").State} State
 */

// So long an alert that has ended stays in sight.
export const ENDED_MS = 30 * 60_000;

/**
 * Return `next` with everything in it that equals a part of `old` replaced by that part.
 * @template T
 * @param {unknown} old
 * @param {T} next
 * @returns {T}
 */
export function reuse(old, next) {
  if (Object.is(old, next)) return next;
  /** @type {unknown} */
  let kept = next;
  if (Array.isArray(old) && Array.isArray(next)) kept = reuseItems(old, next);
  else if (isRecord(old) && isRecord(next)) {
    const entries = Object.entries(next).map(([key, value]) => /** @type {const} */ ([key, reuse(old[key], value)]));
    const same = entries.length === Object.keys(old).length && entries.every(([key, value]) => Object.is(old[key], value));
    kept = same ? old : Object.fromEntries(entries);
  }
  return /** @type {T} */ (kept);
}

/**
 * Put a whole board in. Alerts of before that it does not list are no part of it: the caller looks at each again
 * (see `missing`), unless what this person may see has changed; then they are gone at once.
 * @param {State} state
 * @param {Board} board
 * @param {number} number Which request it answers.
 * @param {{ anew: boolean }} how
 * @returns {Partial<State>}
 */
export function withBoard(state, board, number, { anew }) {
  const { position: _position, alerts: listed, reviews, channels, ...facts } = board;
  const older = listed.filter((each) => (state.asOf[each.id] ?? 0) <= number);
  const renewed = new Set(older.map((each) => each.id));
  const seen = new Set(listed.map((each) => each.id));
  const untouched = state.alerts.filter((each) => !renewed.has(each.id) && (!anew || seen.has(each.id)));
  const asOf = Object.fromEntries(untouched.map((each) => [each.id, state.asOf[each.id] ?? 0]));
  for (const each of older) asOf[each.id] = number;
  return {
    facts: reuse(state.facts, facts),
    calling: reuse(state.calling, { channels, police: facts.police_number, ambulance: facts.ambulance_number }),
    alerts: reuse(state.alerts, arranged([...untouched, ...older])),
    reviews: reuse(state.reviews, reviews),
    asOf,
    anewAt: anew ? number : state.anewAt,
  };
}

/**
 * Return the open alerts that a board did not list although they were known before it was asked for.
 * @param {State} state
 * @param {Board} board
 * @param {number} number
 */
export function missing(state, board, number) {
  const listed = new Set(board.alerts.map((each) => each.id));
  return state.alerts.filter((each) => isOpen(each) && !listed.has(each.id) && (state.asOf[each.id] ?? 0) < number);
}

/**
 * @param {State} state
 * @param {Alert} alert
 * @param {number} number Which request it answers.
 * @returns {Partial<State>}
 */
export function withAlert(state, alert, number) {
  if ((state.asOf[alert.id] ?? state.anewAt) > number) return {};
  const others = state.alerts.filter((each) => each.id !== alert.id);
  return {
    alerts: reuse(state.alerts, arranged([...others, alert])),
    asOf: { ...state.asOf, [alert.id]: number },
  };
}

/**
 * Take out an alert that this person does not see any more.
 * @param {State} state
 * @param {string} id
 * @param {number} number Which request was answered so.
 * @returns {Partial<State>}
 */
export function withoutAlert(state, id, number) {
  if ((state.asOf[id] ?? 0) > number) return {};
  return { alerts: state.alerts.filter((each) => each.id !== id), asOf: { ...state.asOf, [id]: number } };
}

/**
 * @param {State} state
 * @param {Review[]} reviews
 * @returns {Partial<State>}
 */
export function withReviews(state, reviews) {
  return { reviews: reuse(state.reviews, reviews) };
}

/** What is real comes before exercises, what is open before what has ended, the newest first. @param {Alert[]} alerts */
function arranged(alerts) {
  const kept = alerts.filter((each) => isOpen(each) || Date.parse(each.stood_down_at ?? "") > serverNow() - ENDED_MS);
  /** @param {Alert} each */
  const rank = (each) => (isOpen(each) ? 0 : 2) + (each.status === "Actual" ? 0 : 1);
  return kept.sort((one, other) => rank(one) - rank(other) || Date.parse(other.sent) - Date.parse(one.sent));
}

/** @param {unknown[]} old @param {unknown[]} next */
function reuseItems(old, next) {
  const byKey = new Map(old.map((each, index) => [keyOf(each, index), each]));
  const kept = next.map((each, index) => reuse(byKey.get(keyOf(each, index)), each));
  return kept.length === old.length && kept.every((each, index) => Object.is(each, old[index])) ? old : kept;
}

/** @param {unknown} item @param {number} index */
function keyOf(item, index) {
  return isRecord(item) ? (item.id ?? item.operation ?? item.safe_call ?? item.compartment ?? item.desk ?? index) : index;
}

/** @param {unknown} value @returns {value is Record<string, unknown>} */
function isRecord(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
