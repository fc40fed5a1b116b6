/** What is filled in to plan a way: its steps in minutes after it begins, so that all of them move with it. Pure. */

/**
 * @typedef {import("../types.js").Operation} Operation
 * @typedef {import("./way_kinds.js").Spoken} Spoken
 * @typedef {import("./way_kinds.js").WayKind} WayKind
 * @typedef {{ kind: string, after: number | null, wording: Spoken | null, confirmers: string[] | null }} PlannedStep
 * @typedef {{ first: string, second: string, buddy: string, leads: string, receiver: string, liaison: string }} Named ids; empty where nobody is named
 * @typedef {Named & { circle: string, kind: string, begins: string, lasts: number, drill: boolean, steps: PlannedStep[] }} WayPlan
 *   `begins` as a field for day and hour has it, `lasts` in minutes
 */

const MINUTE_MS = 60_000;
/** Whoever is to be home last has so long before the way counts as over. */
const AFTER_LAST = 60;

/** @param {string} circle @param {string} me @returns {WayPlan} of which nothing is known yet */
export function blankPlan(circle, me) {
  return { circle, kind: "", begins: "", lasts: 0, drill: false, steps: [], first: "", second: "", buddy: "", leads: me, receiver: "", liaison: "" };
}

/** @param {Operation} way @returns {WayPlan} as it was planned, without a day */
export function planOf(way) {
  const begins = Date.parse(way.begins_at);
  const [first = "", second = ""] = way.steps.find((each) => each.planned_at)?.confirmers ?? [];
  return {
    circle: way.compartment, kind: "", begins: "", lasts: (Date.parse(way.ends_at) - begins) / MINUTE_MS, drill: way.drill,
    steps: way.steps.map(({ kind, planned_at: at, confirmers }) => ({
      kind, after: at === null ? null : (Date.parse(at) - begins) / MINUTE_MS, wording: null, confirmers,
    })),
    first, second, buddy: way.buddy, leads: way.coordinator, receiver: way.receiver ?? "", liaison: way.liaison ?? "",
  };
}

/** @param {WayPlan} plan @param {WayKind} kind @returns {WayPlan} with what is usual */
export function withKind(plan, { kind, lasts, hands_over: brings, steps }) {
  return { ...plan, kind, lasts, receiver: brings ? plan.receiver : "", steps: steps.map((each) => ({ ...each, confirmers: null })) };
}

/** @param {WayPlan} plan @param {Partial<Named>} named @returns {WayPlan} where others go, they confirm all steps */
export function withPeople(plan, named) {
  const others = "first" in named || "second" in named;
  return { ...plan, ...named, steps: others ? plan.steps.map((each) => ({ ...each, confirmers: null })) : plan.steps };
}

/** @param {WayPlan} plan @param {number} nth @param {string} at as a field has it @returns {WayPlan} */
export function withStepAt(plan, nth, at) {
  if (!at || !plan.begins) return plan;
  const after = (Date.parse(at) - Date.parse(plan.begins)) / MINUTE_MS;
  return { ...plan, steps: plan.steps.map((each, one) => (one === nth ? { ...each, after } : each)) };
}

/** @param {WayPlan} plan @param {number} nth @returns {WayPlan} */
export function withoutStep(plan, nth) {
  return { ...plan, steps: plan.steps.filter((_each, one) => one !== nth) };
}

/** @param {WayPlan} plan @param {PlannedStep} step @returns {string} when it is expected, as a field has it */
export function timeOf({ begins }, { after }) {
  if (!begins || after === null) return "";
  const at = new Date(Date.parse(begins) + after * MINUTE_MS);
  const two = (/** @type {number} */ value) => String(value).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** Whether nothing is left to be filled in. @param {WayPlan} plan */
export function isWhole({ circle, begins, steps, first, second, buddy, leads }) {
  return Boolean(circle && begins && steps.length && first && second && buddy && leads);
}

/** @param {WayPlan} plan which is whole @returns {object} what the server is told: no kind, and no wording */
export function bodyOf(plan) {
  const begins = Date.parse(plan.begins);
  const at = (/** @type {number} */ after) => new Date(begins + after * MINUTE_MS).toISOString();
  const last = Math.max(...plan.steps.map((each) => each.after ?? 0));
  return {
    coordinator: plan.leads, buddy: plan.buddy, liaison: plan.liaison || null, receiver: plan.receiver || null, drill: plan.drill,
    begins_at: at(0), ends_at: at(Math.max(plan.lasts, last + AFTER_LAST)),
    steps: plan.steps.map(({ kind, after, confirmers }) => ({
      kind, due_at: after === null ? null : at(after), confirmers: confirmers ?? [plan.first, plan.second],
    })),
  };
}
