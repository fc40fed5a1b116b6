/** The steps of a plan: what each means here, when it is expected; each can be put at another time, or left out. */
import { t } from "../texts.js";
import { html } from "../vendor/preact.js";
import { timeOf, withStepAt, withoutStep } from "./planned.js";
import { spoken } from "./way_kinds.js";
import { stepWords } from "./way_words.js";

/** Whoever goes is awaited at home. */
const ALWAYS = "home_safe";

/**
 * @typedef {import("./planned.js").WayPlan} WayPlan
 * @param {{ place: string, plan: WayPlan, fill: (plan: WayPlan) => void }} props `place` is what the ids of its fields begin with
 */
export function PlannedSteps({ place, plan, fill }) {
  return html`
    <fieldset class="planned">
      <legend>${t("Steps")}</legend>
      <ol class="steps">
        ${plan.steps.map((each, nth) => {
          const words = each.wording ? spoken(each.wording) : stepWords(each.kind);
          const timed = each.after !== null && plan.begins !== "";
          return html`<li key=${`${plan.kind} ${nth} ${each.kind}`}>
            ${timed ? html`<label for="${place}-step-${nth}">${words}</label>` : html`<span>${words}</span>`}
            <div class="buttons">
              ${timed && html`<input id="${place}-step-${nth}" type="datetime-local" value=${timeOf(plan, each)} onChange=${(/** @type {any} */ event) => fill(withStepAt(plan, nth, event.currentTarget.value))} />`}
              ${each.after === null && html`<span class="quiet">${t("without a time")}</span>`}
              ${each.kind !== ALWAYS && html`<button type="button" aria-label=${t("Leave out: {step}", { step: words })} onClick=${() => fill(withoutStep(plan, nth))}>${t("Leave out")}</button>`}
            </div>
          </li>`;
        })}
      </ol>
    </fieldset>
  `;
}
