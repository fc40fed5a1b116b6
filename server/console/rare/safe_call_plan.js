/** Expecting somebody to be heard from: in which circle, by when, who listens for it, and who is called next. */
import { useAct } from "../answering.js";
import { useConsole } from "../drawing.js";
import { t } from "../texts.js";
import { html, useRef, useState } from "../vendor/preact.js";
import { failureWords } from "../words.js";
import { CircleField, PersonField, noCircle, useCircles } from "./naming.js";

/** @typedef {import("../types.js").Circle} Circle */

const PLACE = "plan-safe-call";

export function PlanSafeCall() {
  const [circles, know] = useState(/** @type {Circle[] | null} */ (null));
  const { step, failure, begin } = useCircles(PLACE, know);
  if (!circles) {
    return html`
      <button type="button" id=${PLACE} aria-disabled=${step === "storing" ? "true" : undefined} onClick=${begin}>${t("Expect to hear from somebody…")}</button>
      ${failure && html`<p class="urgent">${failureWords(failure)}</p>`}
    `;
  }
  const close = () => {
    know(null);
    requestAnimationFrame(() => document.getElementById(PLACE)?.focus());
  };
  if (!circles.length) return html`<p>${noCircle()}</p>`;
  return html`<${Form} circles=${circles} close=${close} />`;
}

/** @param {{ circles: Circle[], close: () => void }} props */
function Form({ circles, close }) {
  const { ask, knowledge, session } = useConsole();
  // One plan, however often it is sent; what was changed meanwhile is another.
  const sent = useRef({ key: "", plan: "" });
  const [plan, fill] = useState({ circle: circles[0].id, by: "", until: "", first: "", second: "", buddy: "" });
  const circle = circles.find((each) => each.id === plan.circle) ?? circles[0];
  const whole = plan.by && plan.first && plan.second && plan.buddy;
  const { step, failure, begin } = useAct(PLACE, async () => {
    const body = { listeners: [plan.first, plan.second], buddy: plan.buddy, due_at: new Date(plan.by).toISOString(), last_day: plan.until || null };
    const words = JSON.stringify([circle.id, body]);
    if (sent.current.plan !== words) sent.current = { key: crypto.randomUUID(), plan: words };
    try {
      await ask("PUT", `/api/compartments/${circle.id}/safe-calls/${sent.current.key}`, {}, body);
    } catch (failure) {
      // What was stored though nobody heard so stands in the list.
      void knowledge.safeCalls().catch(() => {});
      throw failure;
    }
    await knowledge.safeCalls().catch(() => {});
    session.say(t("Stored: they are expected to be heard from."), false);
    close();
  });
  const take = (/** @type {"by" | "until"} */ name) => (/** @type {any} */ event) => fill({ ...plan, [name]: event.currentTarget.value });
  const person = (/** @type {"first" | "second" | "buddy"} */ name, /** @type {string} */ words) =>
    html`<${PersonField} id="safe-call-${name}" words=${words} circle=${circle} value=${plan[name]} choose=${(/** @type {string} */ id) => fill({ ...plan, [name]: id })} />`;
  return html`
    <div class="way" role="group" aria-label=${t("Expect to hear from somebody")}>
      <p class="quiet">${t("Who it is, and their number, belongs into a sealed record.")}</p>
      <${CircleField} id="safe-call-circle" circles=${circles} value=${circle.id} choose=${(/** @type {string} */ id) => fill({ ...plan, circle: id, first: "", second: "", buddy: "" })} />
      <div class="field">
        <label for="safe-call-by">${t("Heard from by (day and hour here)")}</label>
        <input id="safe-call-by" type="datetime-local" value=${plan.by} onInput=${take("by")} />
      </div>
      <div class="field">
        <label for="safe-call-until">${t("Every day at this hour until (leave empty: once)")}</label>
        <input id="safe-call-until" type="date" value=${plan.until} onInput=${take("until")} />
      </div>
      ${person("first", t("Who listens for it"))} ${person("second", t("Who else listens for it"))} ${person("buddy", t("Who is called next"))}
      <div class="buttons">
        <button type="button" disabled=${!whole} aria-disabled=${step === "storing" ? "true" : undefined} onClick=${begin}>${step === "storing" ? t("Storing…") : t("Expect to hear from them")}</button>
        <button type="button" onClick=${close}>${t("Cancel")}</button>
      </div>
      ${failure && html`<p class="urgent" role="alert">${t("NOT stored. {why}", { why: failureWords(failure) })}</p>`}
    </div>
  `;
}
