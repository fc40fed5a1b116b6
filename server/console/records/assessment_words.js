/** The words of assessments: answers, weights, levels, and what one lacks, as `safety_plans/assessments/words.py` tells it. */
import { t } from "../texts.js";
import { levelWords } from "../words.js";

export const EVIDENCE = ["self_report", "observed", "third_party", "document"];
const LEVELS = ["very_high", "high", "medium", "low"];
const OWN_VIEWS = ["declined", "unable"];

/** @param {string} answer */
export function answerWords(answer) {
  switch (answer) {
    case "yes": return t("YES");
    case "no": return t("No");
    case "unknown": return t("NOT KNOWN");
    case "declined": return t("No answer was wanted");
    case "not_applicable": return t("Does not apply");
    default: return answer;
  }
}

/** @param {string} evidence */
export function evidenceWords(evidence) {
  switch (evidence) {
    case "self_report": return t("the person's own word");
    case "observed": return t("seen by ourselves");
    case "third_party": return t("told by others");
    case "document": return t("a document");
    default: return evidence;
  }
}

/** @param {string} weight */
export function weightWords(weight) {
  switch (weight) {
    case "critical": return t("Critical: a yes makes the level at least high");
    case "elevating": return t("Makes it worse");
    case "context": return t("To be known");
    case "protective": return t("Protects");
    default: return weight;
  }
}

/** @param {string} severity */
export function harmWords(severity) {
  switch (severity) {
    case "minor": return t("minor harm");
    case "moderate": return t("moderate harm");
    case "serious": return t("serious harm");
    case "life_threatening": return t("danger to life");
    default: return severity;
  }
}

/** @param {string} likelihood */
export function likelihoodWords(likelihood) {
  switch (likelihood) {
    case "unlikely": return t("unlikely");
    case "possible": return t("possible");
    case "likely": return t("likely");
    case "imminent": return t("about to happen");
    default: return likelihood;
  }
}

/** @param {string} own the person's own rating, or why there is none */
export function ownWords(own) {
  switch (own) {
    case "declined": return t("did not want to say");
    case "unable": return t("could not be asked");
    default: return levelWords(own);
  }
}

/** @param {string} lack @returns {string} what is missing before an assessment counts */
export function lackWords(lack) {
  switch (lack) {
    case "not_by_author": return t("Somebody else sealed this than whoever is said to have assessed, or to have looked besides.");
    case "unknown_instrument": return t("It was made with a list of questions that is not known here. Read it with: streha assess show, and the list's file.");
    case "other_instrument": return t("These are answers to another list of questions, or version of it.");
    case "unanswered": return t("This question is not answered. Not knowing is an answer too: {choices}.", { choices: answerWords("unknown") });
    case "unknown_indicator": return t("This list has no such question.");
    case "no_evidence": return t("Say on what it rests: {choices}.", { choices: EVIDENCE.map(evidenceWords).join(", ") });
    case "no_note": return t("Say in a note why it does not apply.");
    case "no_scenario": return t("Say at least one thing that could happen, how bad and how likely.");
    case "no_level": return t("An assessment ends with a level. Decide which.");
    case "no_reason": return t("Say why this level.");
    case "nothing_changed_said": return t("Say what has changed since the last time.");
    case "copied_forward": return t("These are the words of the last time. Say anew what has changed.");
    case "no_own_view": return t("Say how the person rates it: {choices}.", { choices: [...LEVELS, ...OWN_VIEWS].map(ownWords).join(", ") });
    case "below_critical_floor": return t("A critical question is answered with yes: the level is high at least.");
    case "below_own_view": return t("The person rates it higher. Say why the level is below that.");
    case "no_second_person": return t("Lowering takes a second person, who looks and signs too.");
    default: return lack;
  }
}
