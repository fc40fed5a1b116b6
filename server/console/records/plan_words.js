/** The words of plans: what their parts are called, and what is chosen in them. What a newer program names is shown as it is. */
import { t } from "../texts.js";

/** @type {Record<string, () => string>} headings of parts, in the order in which they are read */
const PARTS = {
  agreement: () => t("What the person says to it"), child: () => t("The person is a child"), safe_contact: () => t("How to reach"),
  warning_signs: () => t("Look out for"), trusted: () => t("May be asked"), must_not_contact: () => t("Must hear nothing"),
  household: () => t("With them"), medication: () => t("Medication"), documents: () => t("Documents"),
  shelter: () => t("Place to stay, by its alias"), court: () => t("Court"), consents: () => t("Consents"), referrals: () => t("Referrals"),
  assessment: () => t("Answers the risk assessment"), focal_point: () => t("Sees to safety"), deputy: () => t("Deputy"),
  crisis_team: () => t("Who comes together"), communications_tree: () => t("Who tells whom"), evacuation: () => t("Giving way"),
  duty_roster: () => t("Duty"), police_liaison: () => t("Police"), premises: () => t("House and visitors"), reporting: () => t("Reporting"),
  travel: () => t("On the way"), devices: () => t("Telephones and computers"), stop_work: () => t("Who may stop the work, and when"),
  media: () => t("Newspapers and television"), legal_harassment: () => t("Complaints and lawsuits"), staff_care: () => t("Looking after each other"),
  last_drill: () => t("Last exercise"), staff: () => t("Staff"), signatories: () => t("Signed by"), ended: () => t("Why it ended or rests"),
};

/** @type {Record<string, () => string>} */
const FIELDS = {
  answer: () => t("Answer"), on: () => t("Day"), how: () => t("How"), interpreter: () => t("Interpreter"), assent: () => t("The child's own word"),
  guardian_conflict: () => t("The guardian's part"), checked_by: () => t("Looked at by"), channel: () => t("Way"), hours: () => t("Hours"),
  who_may_answer: () => t("May answer"), never_say: () => t("Never say"), code_word: () => t("Word"), name: () => t("Name"), relation: () => t("Relation"),
  reach: () => t("How to reach"), guardian: () => t("Guardian"), why: () => t("Why"), what: () => t("What"), held_by: () => t("Held by"), who: () => t("Who"),
  needs: () => t("Needs"), next_date: () => t("Next day"), way_home: () => t("The way home"), month_after: () => t("The month after"),
  with_whom: () => t("With whom"), for_what: () => t("For what"), until: () => t("Until"), withdrawn: () => t("Withdrawn on"), legal_basis: () => t("Legal ground"),
  to: () => t("To"), sent: () => t("Sent on"), accept_by: () => t("To be answered by"), status: () => t("Status"), supervisor_told: () => t("Supervisor who was told"),
  checklist: () => t("Goes along"), medication: () => t("Medication"), documents: () => t("Documents"), guardianship_order: () => t("Guardianship order"),
  border_papers: () => t("Papers for the border"), feedback: () => t("Word of how it went"), due: () => t("By which day"), given: () => t("Given on"),
  mode: () => t("Way of giving way"), sign: () => t("Sign"), steps: () => t("Steps"), person: () => t("Person"), recognised_by: () => t("Known to"),
  lone_work: () => t("Alone"), anonymised: () => t("Without the name"), route_home: () => t("The way home"), debriefing_due: () => t("Debriefing by"),
  objection: () => t("Objection"), role: () => t("Role"), ground: () => t("Ground"),
};

/** @type {Record<string, () => string>} */
const CHOICES = {
  draft: () => t("draft"), agreed: () => t("agreed"), active: () => t("active"), under_review: () => t("under review"), suspended: () => t("suspended"),
  closed: () => t("closed"), partly: () => t("partly agreed"), declined: () => t("declined"), unable: () => t("could not be asked"), given: () => t("given"),
  refused: () => t("refused"), too_young: () => t("too young"), not_checked: () => t("not looked at yet"), none_found: () => t("none found"),
  possible: () => t("possible"), conflict: () => t("conflict of interests"), withdrawn: () => t("withdrawn"), sent: () => t("sent, not answered"),
  accepted: () => t("taken on"), proposed: () => t("proposed, not accepted"), in_progress: () => t("in progress"), done: () => t("done"),
  not_feasible: () => t("cannot be done"), handed_over: () => t("handed over"), not_needed: () => t("not needed"), missing: () => t("STILL MISSING"),
  suspend: () => t("suspend the work"), hibernate: () => t("keep quiet and wait"), relocate: () => t("move"), evacuate: () => t("leave at once"),
  danger_over: () => t("the danger is over"), taken_over: () => t("somebody else has taken over"), persons_wish: () => t("the person's wish"), death: () => t("death"),
};

export const ORDER = Object.keys(PARTS);

/** @param {string} plan */
export function planWords(plan) {
  switch (plan) {
    case "victim": return t("Plan for the person who is protected");
    case "organisation": return t("Plan for the organisation");
    case "staff": return t("Plan for the staff in this case");
    default: return plan;
  }
}

/** @param {string} part */
export function partWords(part) {
  return Object.hasOwn(PARTS, part) ? /** @type {() => string} */ (PARTS[part])() : part;
}

/** @param {string} field */
export function fieldWords(field) {
  return Object.hasOwn(FIELDS, field) ? /** @type {() => string} */ (FIELDS[field])() : partWords(field);
}

/** @param {string} choice */
export function choiceWords(choice) {
  return Object.hasOwn(CHOICES, choice) ? /** @type {() => string} */ (CHOICES[choice])() : choice;
}
