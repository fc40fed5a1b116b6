/** Any part of a plan as people read it: each field under its name; what is empty is left out, but a no is said. */
import { t } from "../texts.js";
import { html } from "../vendor/preact.js";
import { idOf } from "./coding.js";
import { whoWords } from "./people.js";
import { choiceWords, fieldWords } from "./plan_words.js";

/** @typedef {{ shown: import("./state.js").Shown, name: string, value: any }} Props */

/** Fields that hold a person's id. */
const PEOPLE = ["owner", "person", "focal_point", "deputy"];
/** Fields of which the form gives the choices; everything else is somebody's own words. */
const CHOSEN = [
  "answer", "assent", "guardian_conflict", "status", "mode", "ground", "medication", "documents", "guardianship_order", "border_papers",
];

/** @param {any} value @returns {boolean} */
export function isEmpty(value) {
  if (value === null || value === undefined) return true;
  if (typeof value === "string") return value.trim() === "";
  if (typeof value !== "object") return false;
  return (Array.isArray(value) ? value : Object.values(value)).every(isEmpty);
}

/** @param {Props} props what is answered to an objection are somebody's own words */
export function PlanPart({ shown, name, value }) {
  if (typeof value === "boolean") return value ? t("yes") : t("no");
  if (typeof value === "string") return html`<span class="text">${words(shown, name, value)}</span>`;
  if (Array.isArray(value)) {
    return html`<ul>${value.map((each, nth) => html`<li key=${nth}><${PlanPart} shown=${shown} name=${name} value=${each} /></li>`)}</ul>`;
  }
  return html`
    <dl>
      ${Object.entries(value).filter(([, each]) => !isEmpty(each)).map(([field, each]) => html`
        <div key=${field}>
          <dt>${fieldWords(field)}</dt>
          <dd><${PlanPart} shown=${shown} name=${name === "objection" ? "" : field} value=${each} /></dd>
        </div>
      `)}
    </dl>
  `;
}

/** @param {import("./state.js").Shown} shown @param {string} name @param {string} value */
function words({ compartment: { network } }, name, value) {
  if (PEOPLE.includes(name)) return whoWords(network, idOf(value));
  return CHOSEN.includes(name) ? choiceWords(value) : value;
}
