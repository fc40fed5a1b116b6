/** Who answers tonight: each agency's duty desk, who is on duty there, and whose desk covers for it. */
import { memo } from "./drawing.js";
import { agencyName, listed, personName } from "./names.js";
import { t } from "./texts.js";
import { Time } from "./time.js";
import { html } from "./vendor/preact.js";

/** @typedef {import("./types.js").Facts} Facts */

export const Duty = memo(
  /** @param {{ facts: Facts }} props */
  ({ facts }) => html`
    <section class="duty" aria-labelledby="duty">
      <h2 id="duty">${t("Duty tonight")}</h2>
      ${facts.duty.length
        ? html`<ul class="rows">
            ${inOrder(facts).map((each) => html`<${Desk} key=${each.desk ?? each.agency} desk=${each} facts=${facts} />`)}
          </ul>`
        : html`<p class="urgent">${t("No duty desk is known here: nobody answers at night.")}</p>`}
    </section>
  `,
);

/** One's own first, the others by name: the same place every time. @param {Facts} facts */
function inOrder(facts) {
  /** @param {import("./types.js").Duty} desk */
  const place = (desk) => (desk.agency === facts.me.agency ? "" : agencyName(desk.agency, facts));
  return [...facts.duty].sort((one, other) => place(one).localeCompare(place(other)));
}

/** @param {{ desk: import("./types.js").Duty, facts: Facts }} props */
function Desk({ desk, facts }) {
  const onDuty = listed(desk.on_duty.map((each) => personName(each, facts)));
  const others = listed(desk.officers.filter((each) => !desk.on_duty.includes(each)).map((each) => personName(each, facts)));
  const covering = desk.covered_by && agencyName(desk.covered_by, facts);
  return html`
    <li>
      <strong>${agencyName(desk.agency, facts)}</strong>
      ${onDuty ? html`<span>${t("On duty: {people}", { people: onDuty })}</span>` : html`<span class="urgent">${t("NOBODY is on duty.")}</span>`}
      ${covering
        ? html`<span>${t("Covered by {agency}", { agency: covering })}</span>`
        : !desk.officers.length && html`<span class="urgent">${t("No other desk covers it: alerts cannot reach this agency.")}</span>`}
      ${others && html`<span class="quiet">${t("Off duty now, called later: {people}", { people: others })}</span>`}
      ${desk.next_gap &&
      html`<span class="urgent">${t("GAP in the roster:")} <${Time} at=${desk.next_gap.begins_at} /> – <${Time} at=${desk.next_gap.ends_at} /></span>`}
      ${desk.rings.map(
        (each) => html`<span>${t("Test ring answered:")} ${each.answered_by ? html`${personName(each.answered_by, facts)} <${Time} at=${each.answered_at} />` : t("Nobody yet")}</span>`,
      )}
      ${desk.always_staffed && html`<span class="quiet">${t("Staffed at all hours")}</span>`}
    </li>
  `;
}
