/** A plan as people read it under stress: where it stands, what is done at once, who does what by when; then all the rest. */
import { serverNow } from "../clock.js";
import { t } from "../texts.js";
import { html } from "../vendor/preact.js";
import { idOf } from "./coding.js";
import { whoWords } from "./people.js";
import { PlanPart, isEmpty } from "./plan_part.js";
import { choiceWords, ORDER, partWords, planWords } from "./plan_words.js";
import { dayOf, inOrder, isOpen, isOverdue } from "./plans.js";

/** @typedef {import("./plans.js").Plan} Plan */
/** @typedef {{ shown: import("./state.js").Shown, plan: Plan }} Props */

/** @param {Props} props */
export function PlanView({ shown, plan }) {
  const { contingencies, measures } = plan;
  return html`
    <div class="reading">
      <h2 class="decided">${planWords(plan.plan)}</h2>
      <p>${t("Status: {status}", { status: choiceWords(plan.status) })}</p>
      <p class="of">${t("What a plan lacks is not judged on this page. It is told by: streha plan get")}</p>
      ${contingencies.map((each, nth) => html`<${Contingency} key=${nth} found=${each} />`)}
      ${measures.length > 0 && html`
        <section>
          <h3>${t("What is done")}</h3>
          <ul class="answers">${inOrder(measures).map((each) => html`<${Measure} key=${each.id} shown=${shown} measure=${each} />`)}</ul>
        </section>
      `}
      ${ORDER.filter((part) => Object.hasOwn(plan, part) && !isEmpty(plan[part])).map((part) => html`
        <section key=${part}>
          <h3>${partWords(part)}</h3>
          <${PlanPart} shown=${shown} name=${part} value=${plan[part]} />
        </section>
      `)}
    </div>
  `;
}

/** @param {{ found: import("./plans.js").Contingency }} props */
function Contingency({ found }) {
  return html`
    <section>
      <h3>${found.scenario}</h3>
      <p class="text"><em>${found.sign}</em></p>
      <p>${t("In the first sixty seconds")}</p>
      <ol>${found.first_minute.map((each, nth) => html`<li key=${nth} class="text">${each}</li>`)}</ol>
      ${found.call.length > 0 && html`<p class="text"><strong>${t("Call")}</strong>: ${found.call.join(", ")}</p>`}
      ${found.safe_place.trim() && html`<p class="text"><strong>${t("Go to")}</strong>: ${found.safe_place}</p>`}
      ${found.stop.trim() && html`<p class="text"><strong>${t("Stop when")}</strong>: ${found.stop}</p>`}
    </section>
  `;
}

/** @param {{ shown: import("./state.js").Shown, measure: import("./plans.js").Measure }} props */
function Measure({ shown, measure }) {
  const { owner, deadline, what, id, status, why, effect } = measure;
  const who = owner === null ? t("NOBODY has taken it on") : whoWords(shown.compartment.network, idOf(owner));
  const day = deadline ?? t("no day was set");
  return html`
    <li>
      <span class="text">${isOpen(measure) ? html`<strong>${id} ${what}</strong>` : `${id} ${what}`}</span>
      ${isOverdue(measure, dayOf(serverNow())) && html`<span class="mark">${t("OVERDUE since {day}", { day })}</span>`}
      <span>${t("{person}, by {day}: {status}", { person: who, day, status: choiceWords(status) })}</span>
      ${why.trim() && html`<span class="text of">${why}</span>`}
      ${effect.trim() && html`<span class="text of">${effect}</span>`}
    </li>
  `;
}
