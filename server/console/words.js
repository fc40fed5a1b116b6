/** The words for what the API names by codes. A code of a newer server that is not known here is shown as it is. */
import { t } from "./texts.js";

/** @typedef {import("./api.js").Failure} Failure */

/** @param {string} event */
export function eventWords(event) {
  switch (event) {
    case "panic": return t("panic");
    case "duress": return t("duress");
    case "being_followed": return t("being followed");
    case "trafficker_sighted": return t("trafficker sighted");
    case "threat_received": return t("threat received");
    case "intimidation_or_bribe": return t("intimidation or bribe");
    case "defendant_released": return t("defendant released");
    case "hostile_presence": return t("hostile presence");
    case "missing_person": return t("missing person");
    case "location_compromised": return t("location known to the wrong people");
    case "premises_incident": return t("incident at the premises");
    case "confidentiality_breach": return t("breach of confidentiality");
    case "device_lost": return t("device lost");
    case "health": return t("health");
    case "review_missed": return t("the risk was not assessed in time");
    case "missed_milestone": return t("nobody was heard from on the way");
    case "missed_check_in": return t("somebody was not heard from in time");
    case "operation_aborted": return t("a way was ended early");
    default: return event;
  }
}

/**
 * Return what whoever has accepted does next.
 * @param {string} event
 * @param {string} codename
 */
export function nextWords(event, codename) {
  return event === "duress"
    ? t("You have accepted {alert}. DURESS: do NOT ring who raised it, and write NOTHING of it in the channel.", { alert: codename })
    : t("You have accepted {alert}. Ring back whoever raised it.", { alert: codename });
}

/** @param {string} severity */
export function severityWords(severity) {
  switch (severity) {
    case "Extreme": return t("extreme danger");
    case "Severe": return t("severe danger");
    case "Moderate": return t("moderate danger");
    default: return severity;
  }
}

/** @param {string} level */
export function levelWords(level) {
  switch (level) {
    case "very_high": return t("very high risk");
    case "high": return t("high risk");
    case "medium": return t("medium risk");
    case "low": return t("low risk");
    case "not_yet_assessed": return t("not yet assessed: treat as high");
    default: return level;
  }
}

/** @param {string | null} reason */
export function reasonWords(reason) {
  switch (reason) {
    case "safe": return t("everybody is safe");
    case "false_alarm": return t("false alarm");
    case "drill_over": return t("the exercise is over");
    case "handed_over": return t("handed over");
    default: return reason ?? "";
  }
}

/** @param {number} tier */
export function tierWords(tier) {
  switch (tier) {
    case 1: return t("leaders");
    case 2: return t("duty desk");
    case 3: return t("deputies");
    case 4: return t("members");
    default: return String(tier);
  }
}

/** Whether nobody is signed in; other refusals of the same status say in their own words what to do. @param {Failure} failure */
export function isSignedOut({ status, detail }) {
  return status === 401 && ["", "Sign in first.", t("Sign in first.")].includes(detail);
}

/** Return why something was not done, and what to do. @param {Failure} failure */
export function failureWords(failure) {
  if (isSignedOut(failure)) return t("Your session has ended. Sign in again.");
  if (failure.detail) return failure.detail;
  if (failure.kind === "garbled") {
    return t("What answered is not Streha, or another version of it. Check the connection.");
  }
  return t("Streha does not answer. Check the connection.");
}
