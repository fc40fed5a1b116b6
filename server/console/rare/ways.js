/** Ways that are watched step by step: who is out, what is awaited, what is late; and the words of whoever goes. */
import { memo, useShown } from "../drawing.js";
import { isOld } from "../live.js";
import { personName } from "../names.js";
import { t } from "../texts.js";
import { Time } from "../time.js";
import { html, useState } from "../vendor/preact.js";
import { SafeCalls } from "./safe_calls.js";
import { WayButtons } from "./way_button.js";
import { inOrder, isAhead, isLate, isOut, watchedStep } from "./way_facts.js";
import { handOverWords, statusWords, stepWords } from "./way_words.js";

/**
 * @typedef {import("../types.js").Operation} Operation
 * @typedef {import("../types.js").OperationStep} OperationStep
 */

// So many are shown at once; the rest on demand.
const AT_ONCE = 12;

export function WaysScreen() {
  const ways = useShown((state) => state.ways.known);
  const old = useShown(isOld);
  const [all, showAll] = useState(false);
  const out = inOrder((ways ?? []).filter(isOut));
  const ahead = inOrder((ways ?? []).filter(isAhead));
  const late = out.filter((each) => !each.drill && isLate(each)).length;
  const shown = all ? out : out.slice(0, Math.max(AT_ONCE, late));
  return html`
    <main id="main" tabindex="-1" class=${old ? "ways old" : "ways"}>
      <h1>${t("On the way")}</h1>
      ${!ways && html`<p class="quiet">${t("One moment…")}</p>`}
      ${late > 0 && html`<p class="urgent"><strong>${t("LATE: {count}", { count: late })}</strong></p>`}
      ${ways && !out.length && html`<p class="calm">${t("Nobody is on the way.")}</p>`}
      ${shown.map((each) => html`<${Way} key=${each.operation} way=${each} open=${out.length <= 2} />`)}
      ${out.length > shown.length && html`<button type="button" onClick=${() => showAll(true)}>${t("Show all: {count}", { count: out.length })}</button>`}
      <${SafeCalls} />
      ${ahead.length > 0 &&
      html`<section aria-labelledby="ahead">
        <h2 id="ahead">${t("Ahead: {count}", { count: ahead.length })}</h2>
        <ul class="rows">
          ${ahead.slice(0, AT_ONCE).map((each) => html`<li key=${each.operation}>
            ${each.drill && html`<span class="tag">${t("EXERCISE")}</span>${" "}`}<strong>${each.codename}</strong> <span>${statusWords(each.status)}, ${t("begins")} <${Time} at=${each.begins_at} /></span>
          </li>`)}
        </ul>
      </section>`}
    </main>
  `;
}

const Way = memo(
  /** @param {{ way: Operation, open: boolean }} props */
  ({ way, open }) => {
    const facts = useShown((state) => state.facts) ?? { people: {}, agencies: {}, duty: [] };
    const step = watchedStep(way);
    const late = isLate(way);
    return html`
      <article class="way" aria-label=${t("Way {codename}", { codename: way.codename })}>
        <h2>${way.drill && html`<span class="tag">${t("EXERCISE")}</span>${" "}`}${way.codename}</h2>
        ${way.drill && html`<p><strong>${t("EXERCISE: nothing of it is real.")}</strong></p>`}
        <p>
          <span>${statusWords(way.status)}. </span>
          ${step?.due_at &&
          html`<strong class=${late ? "late" : ""}>${late ? t("LATE") : t("next")}: ${stepWords(step.kind)}, <${Time} at=${step.due_at} /> (<${Time} at=${step.due_at} far=${true} />)</strong>`}
        </p>
        ${way.dark_until && html`<p class="notice">${t("Telephones are off until")} <${Time} at=${way.dark_until} /></p>`}
        ${way.handed_over && html`<p class=${way.handed_over === "refused" ? "urgent" : ""}>${handOverWords(way.handed_over)}</p>`}
        <${WayButtons} way=${way} />
        <p class="quiet">${t("Leads: {person}. Buddy: {buddy}.", { person: personName(way.coordinator, facts), buddy: personName(way.buddy, facts) })}</p>
        <details open=${open}>
          <summary>${t("All steps")}</summary>
          <ol class="steps">${way.steps.map((each) => html`<${Step} key=${each.position} step=${each} name=${(/** @type {string} */ id) => personName(id, facts)} />`)}</ol>
        </details>
      </article>
    `;
  },
);

/** @param {{ step: OperationStep, name: (id: string) => string }} props */
function Step({ step, name }) {
  const moved = step.due_at && step.planned_at && step.due_at !== step.planned_at;
  return html`
    <li>
      <b>${stepWords(step.kind)}</b>${" "}
      ${step.confirmed_at && step.written_at && step.confirmed_by
        ? html`<span>${t("confirmed by {person}", { person: name(step.confirmed_by) })}, <${Time} at=${step.written_at} /></span>
            ${step.heard_from && html` <span class="quiet">${t("heard from {person}", { person: name(step.heard_from) })}</span>`}`
        : step.passed
          ? html`<span class="quiet">${t("passed")}</span>`
          : step.due_at
            ? html`<span class=${step.late ? "late" : ""}>${step.late ? t("LATE since") : t("expected")} <${Time} at=${step.due_at} /></span>
                ${moved && html` <span class="quiet">${t("planned")} <${Time} at=${/** @type {string} */ (step.planned_at)} /></span>`}`
            : html`<span class="quiet">${t("to come, without a time")}</span>`}
    </li>
  `;
}
