/** One way: how it stands, what is awaited, what this person can say or decide of it, and all its steps. */
import { memo, useShown } from "../drawing.js";
import { NOBODY_KNOWN, personName } from "../names.js";
import { t } from "../texts.js";
import { Time } from "../time.js";
import { html, useState } from "../vendor/preact.js";
import { Deciding } from "./deciding.js";
import { Missing, useReadiness } from "./readiness.js";
import { CaseTimeline } from "./timeline.js";
import { WayButtons } from "./way_button.js";
import { isAhead, isLate, isOut, watchedStep } from "./way_facts.js";
import { PlanWay } from "./way_plan.js";
import { handOverWords, statusWords, stepWords } from "./way_words.js";

/**
 * @typedef {import("../types.js").Operation} Operation
 * @typedef {import("../types.js").OperationStep} OperationStep
 */

export const Way = memo(
  /** @param {{ way: Operation, open: boolean }} props */
  ({ way, open }) => {
    const facts = useShown((state) => state.facts) ?? NOBODY_KNOWN;
    const step = watchedStep(way);
    const late = isLate(way);
    return html`
      <article class="way" aria-label=${t("Way {codename}", { codename: way.codename })}>
        <h2 id="way-${way.operation}" tabindex="-1">${way.drill && html`<span class="tag">${t("EXERCISE")}</span>${" "}`}${way.codename}</h2>
        ${way.drill && html`<p><strong>${t("EXERCISE: nothing of it is real.")}</strong></p>`}
        <p>
          <span>${statusWords(way.status)}. </span>
          ${isAhead(way) && html`<span>${t("begins")} <${Time} at=${way.begins_at} /> (<${Time} at=${way.begins_at} far=${true} />)</span>`}
          ${isOut(way) &&
          step?.due_at &&
          html`<strong class=${late ? "late" : ""}>${late ? t("LATE") : t("next")}: ${stepWords(step.kind)}, <${Time} at=${step.due_at} /> (<${Time} at=${step.due_at} far=${true} />)</strong>`}
        </p>
        ${way.dark_until && html`<p class="notice">${t("Telephones are off until")} <${Time} at=${way.dark_until} /></p>`}
        ${way.handed_over && html`<p class=${way.handed_over === "refused" ? "urgent" : ""}>${handOverWords(way.handed_over)}</p>`}
        ${isOut(way) && html`<${WayButtons} way=${way} />`}
        <${Deciding} way=${way} />
        <p class="quiet">${t("Leads: {person}. Buddy: {buddy}.", { person: personName(way.coordinator, facts), buddy: personName(way.buddy, facts) })}</p>
        <details open=${open}>
          <summary>${t("All steps")}</summary>
          <ol class="steps">${way.steps.map((each) => html`<${Step} key=${each.position} step=${each} name=${(/** @type {string} */ id) => personName(id, facts)} />`)}</ol>
        </details>
        <div class="looks">
          ${isAhead(way) && html`<${WhatIsMissing} id=${way.operation} />`}
          <${CaseTimeline} id=${way.case} />
          ${way.plans_anew && !isOut(way) && html`<${PlanWay} way=${way} />`}
        </div>
      </article>
    `;
  },
);

/** @param {{ id: string }} props */
function WhatIsMissing({ id }) {
  const { ready, look } = useReadiness(id);
  const [open, show] = useState(false);
  const toggle = () => {
    if (!open) void look();
    show(!open);
  };
  return html`
    <button type="button" aria-expanded=${open ? "true" : "false"} onClick=${toggle}>${t("What is missing?")}</button>
    ${open && html`<div class="missing" role="status"><${Missing} ready=${ready} /></div>`}
  `;
}

/** @param {{ step: OperationStep, name: (id: string) => string }} props */
function Step({ step, name }) {
  const moved = step.due_at && step.planned_at && step.due_at !== step.planned_at;
  return html`
    <li>
      <b>${stepWords(step.kind)}</b>${" "}
      ${step.confirmed_at && step.written_at && step.confirmed_by
        ? html`<span>${t("confirmed by {person}", { person: name(step.confirmed_by) })}, <${Time} at=${step.written_at} /></span>
            ${step.heard_from && html` <span class="quiet">${t("heard from {person}", { person: name(step.heard_from) })}</span>`}
            ${typeof step.answered_seconds === "number" && html` <span class="quiet">${t("answered after {count} min", { count: Math.ceil(step.answered_seconds / 60) })}</span>`}`
        : step.passed
          ? html`<span class="quiet">${t("passed")}</span>`
          : step.due_at
            ? html`<span class=${step.late ? "late" : ""}>${step.late ? t("LATE since") : t("expected")} <${Time} at=${step.due_at} /></span>
                ${moved && html` <span class="quiet">${t("planned")} <${Time} at=${/** @type {string} */ (step.planned_at)} /></span>`}`
            : html`<span class="quiet">${t("to come, without a time")}</span>`}
    </li>
  `;
}
