/** Expecting somebody to be heard from: in which circle, by when, who listens for it, and who is called next. */
import { useAct } from "../answering.js";
import { useConsole, useShown } from "../drawing.js";
import { NOBODY_KNOWN, personName } from "../names.js";
import { t } from "../texts.js";
import { html, useRef, useState } from "../vendor/preact.js";
import { failureWords } from "../words.js";

/**
 * @typedef {import("../types.js").Cases} Cases
 * @typedef {import("../types.js").Circle} Circle
 */

export function PlanSafeCall() {
  const { ask, session } = useConsole();
  const [circles, know] = useState(/** @type {Circle[] | null} */ (null));
  const { step, failure, begin } = useAct("plan-safe-call", async () => {
    /** @type {Cases} */
    const found = await ask("GET", "/api/cases", { cases: Array.isArray });
    const open = found.cases.flatMap((each) => each.compartments).filter((each) => each.closed_at === null);
    if (!open.length) session.say(t("You are in no circle of an open case."), false);
    know(open);
  });
  if (!circles) {
    return html`
      <button type="button" id="plan-safe-call" aria-disabled=${step === "storing" ? "true" : undefined} onClick=${begin}>${t("Expect to hear from somebody…")}</button>
      ${failure && html`<p class="urgent">${failureWords(failure)}</p>`}
    `;
  }
  const close = () => {
    know(null);
    requestAnimationFrame(() => document.getElementById("plan-safe-call")?.focus());
  };
  if (!circles.length) return html`<p>${t("You are in no circle of an open case.")}</p>`;
  return html`<${Form} circles=${circles} close=${close} />`;
}

/** @param {{ circles: Circle[], close: () => void }} props */
function Form({ circles, close }) {
  const { ask, knowledge, session } = useConsole();
  const facts = useShown((state) => state.facts) ?? NOBODY_KNOWN;
  // One plan, however often it is sent; what was changed meanwhile is another.
  const sent = useRef({ key: "", plan: "" });
  const [plan, fill] = useState({ circle: circles[0].id, by: "", until: "", first: "", second: "", buddy: "" });
  const circle = circles.find((each) => each.id === plan.circle) ?? circles[0];
  const whole = plan.by && plan.first && plan.second && plan.buddy;
  const { step, failure, begin } = useAct("plan-safe-call", async () => {
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
  const take = (/** @type {keyof typeof plan} */ name) => (/** @type {any} */ event) => fill({ ...plan, [name]: event.currentTarget.value });
  const people = circle.members.map((id) => ({ id, name: personName(id, facts) })).sort((one, other) => one.name.localeCompare(other.name));
  const person = (/** @type {"first" | "second" | "buddy"} */ name, /** @type {string} */ words) => html`
    <div class="field">
      <label for="safe-call-${name}">${words}</label>
      <select id="safe-call-${name}" value=${plan[name]} onChange=${take(name)}>
        <option value="">${t("choose")}</option>
        ${people.map((each) => html`<option key=${each.id} value=${each.id}>${each.name}</option>`)}
      </select>
    </div>
  `;
  return html`
    <div class="way" role="group" aria-label=${t("Expect to hear from somebody")}>
      <p class="quiet">${t("Who it is, and their number, belongs into a sealed record.")}</p>
      <div class="field">
        <label for="safe-call-circle">${t("Channel")}</label>
        <select id="safe-call-circle" value=${circle.id} onChange=${(/** @type {any} */ event) => fill({ ...plan, circle: event.currentTarget.value, first: "", second: "", buddy: "" })}>
          ${circles.map((each) => html`<option key=${each.id} value=${each.id}>${each.codename}</option>`)}
        </select>
      </div>
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
