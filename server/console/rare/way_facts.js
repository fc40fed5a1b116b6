/** What follows from an operation as the server tells it: whether anybody is out, what is awaited, whose word it is. */

/**
 * @typedef {import("../types.js").Operation} Operation
 * @typedef {import("../types.js").OperationStep} OperationStep
 */

const OUT = new Set(["go", "in_progress", "diverted"]);
// What is put off is planned anew, or ended.
const AHEAD = new Set(["planned", "approved", "postponed"]);

/** @param {OperationStep} step */
const waits = (step) => !step.confirmed_at && !step.passed;

/** The first step that is still to come. @param {Operation} way @returns {OperationStep | undefined} */
export function nextStep(way) {
  return way.steps.find(waits);
}

/** The first one with a time: its lateness calls people. @param {Operation} way @returns {OperationStep | undefined} */
export function watchedStep(way) {
  return way.steps.find((each) => waits(each) && each.due_at);
}

/** Somebody may be out; ended early too, while they are awaited at home. @param {Operation} way */
export function isOut(way) {
  return OUT.has(way.status) || (way.status === "aborted" && watchedStep(way) !== undefined);
}

/** @param {Operation} way */
export function isAhead(way) {
  return AHEAD.has(way.status);
}

/** Nobody is out any more, and something is left to do. @param {Operation} way */
export function isOver(way) {
  return !isOut(way) && !isAhead(way) && way.status !== "closed";
}

/** @param {Operation} way */
export function isLate(way) {
  return way.steps.some((each) => each.late);
}

/** What is real before exercises, those that are late first, then by when something is awaited. @param {readonly Operation[]} ways */
export function inOrder(ways) {
  const awaited = (/** @type {Operation} */ way) => Date.parse(watchedStep(way)?.due_at ?? way.begins_at);
  const rank = (/** @type {Operation} */ way) => (way.drill ? 2 : 0) + (isLate(way) ? 0 : 1);
  return [...ways].sort((one, other) => rank(one) - rank(other) || awaited(one) - awaited(other));
}

/** The step at which somebody is still to be taken over. @param {Operation} way @returns {OperationStep | undefined} */
export function handOverStep(way) {
  const last = way.receiver ? way.steps.filter((each) => each.kind === "arrived" && each.planned_at).at(-1) : undefined;
  return last && waits(last) ? last : undefined;
}

/**
 * Return the step that this person can say is reached, and by which word; none where somebody else says it.
 * @param {Operation} way @param {string} me
 * @returns {{ step: OperationStep, word: "reached" | "received" } | null}
 */
export function ownStep(way, me) {
  const step = nextStep(way);
  if (!step || !isOut(way)) return null;
  if (step === handOverStep(way)) return way.receiver === me ? { step, word: "received" } : null;
  return step.confirmers.includes(me) ? { step, word: "reached" } : null;
}
