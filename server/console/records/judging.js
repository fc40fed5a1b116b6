/**
 * What an assessment suggests, and what it lacks before it counts: the rules of `safety_plans/assessments/judging.py`, which
 * says where they come from. Bands, floor and counts are those of `safety_plans/assessments/definition.json`, as it is.
 */

/** @typedef {"low" | "medium" | "high" | "very_high" | "not_yet_assessed"} Level */
/** @typedef {{ levels: string[], likelihoods: string[], bands: Record<string, string[]>, critical_floor: string, unknowns_that_are_too_many: number }} Definition */
/** @typedef {{ fingerprint: string, subject: string, indicators: { id: string, weight: string }[] }} Instrument */
/** @typedef {{ answer: string, evidence?: string | null, note?: string }} Answered */
/**
 * @typedef {{ fingerprint: string, answers: Record<string, Answered>, scenarios: { severity: string, likelihood: string }[],
 *   level: string | null, why: string, changed: string, own: string | null, why_below_own: string, assessor: string,
 *   countersigner: string | null }} Assessment
 */
/** @typedef {{ suggested: string | null, floor: string | null, critical: string[], unknown: string[], insufficient: boolean }} Judgement */
/** @typedef {{ lack: string, indicator: string }} Missing */

const OWN_VIEWS = ["declined", "unable"];

/** @param {Definition} definition @param {string | null} level @returns {number} how high it is, from 0; who was never assessed is treated as high */
export function rank({ levels }, level) {
  return levels.indexOf(level === null || level === "not_yet_assessed" ? "high" : level);
}

/** @param {Definition} definition @param {{ severity: string, likelihood: string }} scenario @returns {string} the level that it suggests */
export function band({ bands, likelihoods }, { severity, likelihood }) {
  return /** @type {string} */ (bands[severity]?.[likelihoods.indexOf(likelihood)]);
}

/** @param {Definition} definition @param {Assessment} assessment @param {Instrument} instrument @returns {Judgement} */
export function judged(definition, { answers, scenarios }, { indicators }) {
  const answered = (/** @type {string} */ id) => (Object.hasOwn(answers, id) ? answers[id]?.answer : undefined);
  const critical = indicators.filter(({ weight }) => weight === "critical").map(({ id }) => id);
  const yes = critical.filter((id) => answered(id) === "yes");
  const unknown = indicators.map(({ id }) => id).filter((id) => answered(id) === "unknown");
  const floor = yes.length ? definition.critical_floor : null;
  const suggestions = [...scenarios.map((each) => band(definition, each)), ...(floor ? [floor] : [])];
  const highest = suggestions.reduce((/** @type {string | null} */ one, other) => (one === null || rank(definition, other) > rank(definition, one) ? other : one), null);
  const insufficient = unknown.length >= definition.unknowns_that_are_too_many || unknown.some((id) => critical.includes(id));
  return { suggested: highest, floor, critical: yes, unknown, insufficient };
}

/** @param {Definition} definition @param {Assessment} assessment @param {Assessment | null} before @returns {boolean} lower than the last time; the first lowers nothing */
export function lowers(definition, assessment, before) {
  return before !== null && rank(definition, assessment.level) < rank(definition, before.level);
}

/**
 * @param {Definition} definition
 * @param {Assessment} assessment
 * @param {Instrument} instrument
 * @param {Assessment | null} before the last one about the same that counts, by whatever instrument
 * @returns {Missing[]} all that is missing; one of which nothing is missing counts
 */
export function lacking(definition, assessment, instrument, before) {
  return [
    ...ofAnswers(assessment, instrument),
    ...ofDecision(definition, assessment, judged(definition, assessment, instrument)).map(of),
    ...against(definition, assessment, before).map(of),
    ...ofOwnView(definition, assessment, instrument, before).map(of),
  ];
}

/** @param {string} lack @returns {Missing} */
function of(lack) {
  return { lack, indicator: "" };
}

/** @param {Assessment} assessment @param {Instrument} instrument @returns {Missing[]} */
function ofAnswers({ fingerprint, answers }, instrument) {
  const asked = new Set(instrument.indicators.map(({ id }) => id));
  const strange = Object.keys(answers).filter((id) => !asked.has(id)).sort();
  const missing = [...asked].map((id) => ({ lack: lackOf(Object.hasOwn(answers, id) ? answers[id] : undefined), indicator: id }));
  return [
    ...(fingerprint === instrument.fingerprint ? [] : [of("other_instrument")]),
    ...strange.map((id) => ({ lack: "unknown_indicator", indicator: id })),
    ...missing.filter(({ lack }) => lack),
  ];
}

/** @param {Answered | undefined} found @returns {string} what an answer lacks, if anything */
function lackOf(found) {
  if (!found) return "unanswered";
  if (["yes", "no"].includes(found.answer) && !found.evidence) return "no_evidence";
  return found.answer === "not_applicable" && !found.note?.trim() ? "no_note" : "";
}

/** @param {Definition} definition @param {Assessment} assessment @param {Judgement} judgement @returns {string[]} */
function ofDecision(definition, { scenarios, why, level }, { floor }) {
  const lacks = [];
  if (!scenarios.length) lacks.push("no_scenario");
  if (!why.trim()) lacks.push("no_reason");
  if (level === null || level === "not_yet_assessed") lacks.push("no_level");
  else if (floor !== null && rank(definition, level) < rank(definition, floor)) lacks.push("below_critical_floor");
  return lacks;
}

/** @param {Definition} definition @param {Assessment} assessment @param {Assessment | null} before @returns {string[]} what changed is said anew each time, and nobody lowers alone */
function against(definition, assessment, before) {
  if (before === null) return [];
  const lacks = [];
  const changed = assessment.changed.trim();
  if (!changed) lacks.push("nothing_changed_said");
  else if (changed === before.changed.trim()) lacks.push("copied_forward");
  const alone = [null, assessment.assessor].includes(assessment.countersigner);
  if (lowers(definition, assessment, before) && alone) lacks.push("no_second_person");
  return lacks;
}

/** @param {Definition} definition @param {Assessment} assessment @param {Instrument} instrument @param {Assessment | null} before @returns {string[]} of their case they are asked where its level is lowered */
function ofOwnView(definition, assessment, { subject }, before) {
  const { own, level, why_below_own: why } = assessment;
  const asked = lowers(definition, assessment, before) ? ["victim", "case"] : ["victim"];
  if (own === null) return asked.includes(subject) ? ["no_own_view"] : [];
  if (OWN_VIEWS.includes(own)) return [];
  if (!definition.levels.includes(own)) return ["no_own_view"];
  return rank(definition, level) < rank(definition, own) && !why.trim() ? ["below_own_view"] : [];
}
