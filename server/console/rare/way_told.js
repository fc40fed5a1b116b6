/** What who leads, or the buddy, was told by telephone: a step is reached, somebody was taken over, or was not. */
import { useShown } from "../drawing.js";
import { NOBODY_KNOWN, personName } from "../names.js";
import { t } from "../texts.js";
import { html, useState } from "../vendor/preact.js";
import { handOverStep, nextStep } from "./way_facts.js";
import { refusalWords, stepWords } from "./way_words.js";

/**
 * @typedef {import("../types.js").Operation} Operation
 * @typedef {import("./way_button.js").Word} Word
 * @typedef {{ way: Operation, shut: string | undefined, say: (said: Word) => void }} Props `shut` while a word is being stored
 */

const REASONS = ["no_place", "not_agreed", "somebody_else", "not_safe_here", "other_care", "papers"];

/** @param {Props} props */
export function Told({ way, shut, say }) {
  const facts = useShown((state) => state.facts) ?? NOBODY_KNOWN;
  const step = nextStep(way);
  const handOver = handOverStep(way);
  if (!step) return null;
  const words = stepWords(step.kind);
  return html`
    <div class="buttons" role="group" aria-label=${t("They told you: {step}", { step: words })}>
      <span>${t("They told you: {step}", { step: words })}</span>
      ${step === handOver && way.receiver
        ? html`<button type="button" aria-disabled=${shut} onClick=${() => say({ word: "received" })}>${t("{person}: taken over", { person: personName(way.receiver, facts) })}</button>`
        : step.confirmers.map(
            (each) => html`<button key=${each} type="button" aria-disabled=${shut} onClick=${() => say({ word: "reached", position: step.position, heard_from: each })}>
              ${t("{person}: reached", { person: personName(each, facts) })}
            </button>`,
          )}
    </div>
    ${handOver && html`<${NotTakenOver} way=${way} shut=${shut} say=${say} />`}
  `;
}

/** For who receives, and who was told by them. @param {Props} props */
export function NotTakenOver({ way, shut, say }) {
  const [asking, ask] = useState(false);
  if (!handOverStep(way)) return null;
  if (!asking) return html`<div class="buttons"><button type="button" aria-disabled=${shut} onClick=${() => ask(true)}>${t("Not taken over…")}</button></div>`;
  const choose = (/** @type {string} */ why) => {
    ask(false);
    say({ word: "refused", why });
  };
  return html`
    <div class="asking" role="group" aria-label=${t("Why were they not taken over?")}>
      <p>${t("Why were they not taken over? Everybody who must find another place is rung.")}</p>
      ${REASONS.map((each) => html`<button key=${each} type="button" onClick=${() => choose(each)}>${refusalWords(each)}</button>`)}
      <button type="button" onClick=${() => ask(false)}>${t("Cancel")}</button>
    </div>
  `;
}
