/** Who is expected to be heard from, without an app: what is late first, and one button for whoever heard from them. */
import { useAct } from "../answering.js";
import { memo, useConsole, useShown } from "../drawing.js";
import { NOBODY_KNOWN, listed, personName } from "../names.js";
import { t } from "../texts.js";
import { Time } from "../time.js";
import { html, useState } from "../vendor/preact.js";
import { failureWords } from "../words.js";
import { PlanSafeCall } from "./safe_call_plan.js";
import { SentLine, useSending } from "./sending.js";

/** @typedef {import("../types.js").SafeCall} SafeCall */

export function SafeCalls() {
  const calls = useShown((state) => state.safeCalls) ?? [];
  const late = calls.filter((each) => each.late).length;
  // What somebody fills in stays, whatever is told meanwhile.
  return html`
    ${calls.length > 0 &&
    html`<section aria-labelledby="safe-calls">
      <h2 id="safe-calls">${late ? t("Expected to be heard from, LATE: {count}", { count: late }) : t("Expected to be heard from")}</h2>
      <p class="quiet">${t("Word of up to six hours before counts for it.")}</p>
      ${inOrder(calls).map((each) => html`<${Call} key=${each.safe_call} call=${each} />`)}
    </section>`}
    <${PlanSafeCall} />
  `;
}

const Call = memo(
  /** @param {{ call: SafeCall }} props */
  ({ call }) => {
    const { knowledge } = useConsole();
    const facts = useShown((state) => state.facts) ?? NOBODY_KNOWN;
    const { sent, busy, send } = useSending();
    const name = (/** @type {string} */ id) => personName(id, facts);
    const heard = () =>
      send(`/api/safe-calls/${call.safe_call}/heard`, (at) => ({ at: new Date(at).toISOString() }), () => () => void knowledge.safeCalls().catch(() => {}));
    return html`
      <article class="way" aria-label=${t("Safe-call {codename}", { codename: call.codename })}>
        <h3 id="safe-call-${call.safe_call}" tabindex="-1">${call.codename}</h3>
        <p>
          ${call.due_at
            ? html`<strong class=${call.late ? "late" : ""}>${call.late ? t("NOT heard from, expected by") : t("expected by")} <${Time} at=${call.due_at} /> (<${Time} at=${call.due_at} far=${true} />)</strong>`
            : t("Nobody is expected any more.")}
        </p>
        ${call.heard_at && call.heard_by && html`<p>${t("Last heard from by {person}", { person: name(call.heard_by) })}, <${Time} at=${call.heard_at} /></p>`}
        ${call.due_at && html`<div class="way-words"><button type="button" class="reached" aria-disabled=${busy ? "true" : undefined} onClick=${heard}><b>${t("Heard from them")}</b></button></div>`}
        <${SentLine} sent=${sent} />
        <p class="quiet">${t("Listen for it: {people}. Called next: {buddy}.", { people: listed(call.listeners.map(name)), buddy: name(call.buddy) })}</p>
        ${call.ends && html`<${CallOff} call=${call} />`}
      </article>
    `;
  },
);

/** @param {{ call: SafeCall }} props */
function CallOff({ call }) {
  const { ask, knowledge, session } = useConsole();
  const [asking, ask_] = useState(false);
  const { step, failure, begin } = useAct(`safe-call-${call.safe_call}`, async () => {
    await ask("PUT", `/api/safe-calls/${call.safe_call}/end`);
    await knowledge.safeCalls();
    session.say(t("Nobody is expected any more."), false);
  });
  if (!asking) return html`<button type="button" onClick=${() => ask_(true)}>${t("Expect nobody any more…")}</button>`;
  return html`
    <div class="asking" role="group" aria-label=${t("Sure?")}>
      <p>${t("Nobody is asked for them any more, on no day to come.")}</p>
      <button type="button" aria-disabled=${step === "storing" ? "true" : undefined} onClick=${begin}>${step === "storing" ? t("Storing…") : t("Yes, expect nobody any more")}</button>
      <button type="button" onClick=${() => ask_(false)}>${t("Cancel")}</button>
      ${failure && html`<p class="urgent">${t("NOT stored. {why}", { why: failureWords(failure) })}</p>`}
    </div>
  `;
}

/** Those that are late first, then by when they are expected; those of whom nobody is expected any more last. @param {readonly SafeCall[]} calls */
function inOrder(calls) {
  const expected = (/** @type {SafeCall} */ call) => (call.due_at ? Date.parse(call.due_at) : Infinity);
  return [...calls].sort((one, other) => Number(other.late) - Number(one.late) || (expected(one) < expected(other) ? -1 : 1));
}
