/**
 * Planning a way: by what is usual for its kind, or anew what was planned before. The kind and what each step means stay in
 * this browser; what it is about is written into a brief, among the sealed records.
 */
import { useAct } from "../answering.js";
import { useConsole, useShown } from "../drawing.js";
import { t } from "../texts.js";
import { html, useRef, useState } from "../vendor/preact.js";
import { failureWords } from "../words.js";
import { CircleField, PersonField, noCircle, useCircles } from "./naming.js";
import { blankPlan, bodyOf, isWhole, planOf, withKind, withPeople } from "./planned.js";
import { PlannedSteps } from "./planned_steps.js";
import { spoken, wayKinds } from "./way_kinds.js";

/**
 * @typedef {import("../types.js").Circle} Circle
 * @typedef {import("../types.js").Operation} Operation
 * @typedef {import("./planned.js").Named} Named
 * @typedef {import("./planned.js").WayPlan} WayPlan
 * @typedef {import("./way_kinds.js").WayKinds} WayKinds
 * @typedef {{ circles: Circle[], kinds: WayKinds }} Choices
 */

/** A button that becomes the form. @param {{ way?: Operation }} props `way` where one is planned anew */
export function PlanWay({ way }) {
  const place = way ? `plan-anew-${way.operation}` : "plan-way";
  const [choices, know] = useState(/** @type {Choices | null} */ (null));
  const [stored, tell] = useState(/** @type {Operation | null} */ (null));
  const { step, failure, begin } = useCircles(place, async (circles) => {
    tell(null);
    know({ circles: way ? circles.filter((each) => each.id === way.compartment) : circles, kinds: await wayKinds(fetch) });
  });
  const close = () => {
    know(null);
    requestAnimationFrame(() => document.getElementById(place)?.focus());
  };
  if (choices && !choices.circles.length) return html`<p>${noCircle()}</p>`;
  if (choices) {
    const done = (/** @type {Operation} */ operation) => {
      tell(operation);
      close();
    };
    return html`<${Form} place=${place} choices=${choices} way=${way} close=${close} done=${done} />`;
  }
  return html`
    ${stored && html`<${Next} way=${stored} />`}
    <button type="button" id=${place} aria-disabled=${step === "storing" ? "true" : undefined} onClick=${begin}>${way ? t("Plan it anew…") : t("Plan a way…")}</button>
    ${failure && html`<p class="urgent">${failureWords(failure)}</p>`}
  `;
}

/** What is to be done next. @param {{ way: Operation }} props */
function Next({ way }) {
  return html`
    <div class="notice" role="status">
      <p>${t("{codename} is planned. Whoever leads the case approves it.", { codename: way.codename })}</p>
      <p>${t("Streha was told times and names, nothing else. Write the rest into a brief, in the records of {circle}; the codename belongs into it.", { circle: way.circle })}${" "}<a href="/console/records/">${t("Records")}</a></p>
    </div>
  `;
}

/** @param {{ place: string, choices: Choices, way: Operation | undefined, close: () => void, done: (way: Operation) => void }} props */
function Form({ place, choices: { circles, kinds }, way, close, done }) {
  const { ask, knowledge, session } = useConsole();
  const me = useShown((state) => state.facts?.me.id ?? "");
  // One plan, however often it is sent; what was changed meanwhile is another.
  const sent = useRef({ key: "", plan: "" });
  const [plan, fill] = useState(() => (way ? planOf(way) : blankPlan(circles[0].id, circles[0].members.includes(me) ? me : "")));
  const circle = circles.find((each) => each.id === plan.circle) ?? circles[0];
  const kind = kinds.kinds.find((each) => each.kind === plan.kind);
  const { step, failure, begin } = useAct(place, async () => {
    const body = bodyOf(plan);
    const words = JSON.stringify([plan.circle, body]);
    if (sent.current.plan !== words) sent.current = { key: crypto.randomUUID(), plan: words };
    const path = way ? `/api/operations/${way.operation}/plan` : `/api/compartments/${plan.circle}/operations/${sent.current.key}`;
    try {
      const stored = /** @type {Operation} */ (await ask("PUT", path, { steps: Array.isArray }, body));
      await knowledge.ways().catch(() => {});
      session.say(t("Stored: {decision}.", { decision: t("planned") }), false);
      done(stored);
    } catch (failure) {
      // What was stored though nobody heard so stands in the list.
      void knowledge.ways().catch(() => {});
      throw failure;
    }
  });
  const person = (/** @type {keyof Named} */ name, /** @type {string} */ words, nobody = false) =>
    html`<${PersonField} id="${place}-${name}" words=${words} circle=${circle} value=${plan[name]} nobody=${nobody} choose=${(/** @type {string} */ id) => fill(withPeople(plan, { [name]: id }))} />`;
  const choose = (/** @type {any} */ event) => {
    const found = kinds.kinds.find((each) => each.kind === event.currentTarget.value);
    if (found) fill(withKind(plan, found));
  };
  const brings = kind?.hands_over ?? plan.receiver !== "";
  return html`
    <div class="way" role="group" aria-label=${way ? t("Plan {codename} anew", { codename: way.codename }) : t("Plan a way")}>
      ${!way && html`<${CircleField} id="${place}-circle" circles=${circles} value=${circle.id} choose=${(/** @type {string} */ id) => fill({ ...plan, ...nobody(me, circles, id), circle: id })} />`}
      <div class="field">
        <label for="${place}-kind">${t("Kind of way (it stays in this browser)")}</label>
        <select id="${place}-kind" value=${plan.kind} onChange=${choose}>
          <option value="">${way ? t("steps as they were planned") : t("choose")}</option>
          ${kinds.kinds.map((each) => html`<option key=${each.kind} value=${each.kind}>${spoken(each.name)}</option>`)}
        </select>
      </div>
      <div class="field">
        <label for="${place}-begins">${t("It begins (day and hour here)")}</label>
        <input id="${place}-begins" type="datetime-local" value=${plan.begins} onInput=${(/** @type {any} */ event) => fill({ ...plan, begins: event.currentTarget.value })} />
      </div>
      ${person("first", t("Who goes and confirms"))} ${person("second", t("Who else goes and confirms"))}
      ${person("buddy", t("Buddy: stays behind, and is rung"))} ${person("leads", t("Who leads the day"))}
      ${brings && person("receiver", t("Who takes over whoever is brought"), true)} ${person("liaison", t("Who rings the police for them"), true)}
      ${plan.steps.length > 0 && html`<${PlannedSteps} place=${place} plan=${plan} fill=${fill} />`}
      ${!way && html`<label class="choice"><input type="checkbox" checked=${plan.drill} onChange=${(/** @type {any} */ event) => fill({ ...plan, drill: event.currentTarget.checked })} /> ${t("Only practise it: EXERCISE")}</label>`}
      <div class="buttons">
        <button type="button" disabled=${!isWhole(plan)} aria-disabled=${step === "storing" ? "true" : undefined} onClick=${begin}>${step === "storing" ? t("Storing…") : t("Plan it")}</button>
        <button type="button" onClick=${close}>${t("Cancel")}</button>
      </div>
      ${failure && html`<p class="urgent" role="alert">${t("NOT stored. {why}", { why: failureWords(failure) })}</p>`}
    </div>
  `;
}

/** Whoever was named in another circle is named no more. @param {string} me @param {Circle[]} circles @param {string} id @returns {Named} */
function nobody(me, circles, id) {
  const leads = circles.find((each) => each.id === id)?.members.includes(me) ? me : "";
  return { first: "", second: "", buddy: "", leads, receiver: "", liaison: "" };
}
