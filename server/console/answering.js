/** Accepting an alert with one tap, and ending one with a reason. Each says whether it is stored. */
import { useConsole } from "./drawing.js";
import { t } from "./texts.js";
import { html, useState } from "./vendor/preact.js";
import { passedOnWords } from "./raise_words.js";
import { failureWords, nextWords, reasonWords } from "./words.js";

/**
 * @typedef {import("./api.js").Failure} Failure
 * @typedef {import("./types.js").Reason} Reason
 * @typedef {"" | "storing" | "stored"} Step
 */

/** Do something once at a time, and tell how it goes. @param {string} place The id of what it is done to. @param {() => Promise<unknown>} act */
export function useAct(place, act) {
  const { session } = useConsole();
  const [step, go] = useState(/** @type {Step} */ (""));
  const [failure, fail] = useState(/** @type {Failure | null} */ (null));
  async function begin() {
    if (step === "storing") return;
    fail(null);
    go("storing");
    try {
      await act();
      go("stored");
      // The button goes when the alert shows that it was answered: whoever used the keyboard stays in place.
      requestAnimationFrame(() => {
        if (document.activeElement === document.body) document.getElementById(place)?.focus();
      });
    } catch (error) {
      go("");
      fail(/** @type {Failure} */ (error));
      session.say(t("NOT stored. {why}", { why: failureWords(/** @type {Failure} */ (error)) }), true);
    }
  }
  return { step, failure, begin };
}

/** @param {{ id: string, codename: string, event: string }} props */
export function AcceptButton({ id, codename, event }) {
  const { knowledge, session } = useConsole();
  const { step, failure, begin } = useAct(`alert-${id}`, async () => {
    await knowledge.accept(id);
    session.say(nextWords(event, codename), false);
  });
  return html`
    <div class="act">
      <button type="button" class="accept" aria-disabled=${step === "storing" ? "true" : undefined} onClick=${begin}>
        ${step === "" ? t("I accept") : t("Storing that you accept…")}
      </button>
      ${failure && html`<p class="urgent">${t("NOT stored. {why}", { why: failureWords(failure) })}</p>`}
    </div>
  `;
}

/** @param {{ id: string, drill: boolean, event: string }} props */
export function StandDown({ id, drill, event }) {
  const { knowledge, session } = useConsole();
  const [choosing, choose] = useState(false);
  const [passedOn, pass] = useState("");
  /** @type {Reason[]} */
  const reasons = drill ? ["drill_over", "false_alarm"] : ["safe", "false_alarm", "handed_over"];
  const [reason, pick] = useState(/** @type {Reason} */ (reasons[0]));
  const { step, failure, begin } = useAct(`alert-${id}`, async () => {
    const answer = await knowledge.standDown(id, reason);
    const words = answer.state === "stood_down" ? "" : passedOnWords(answer);
    pass(words);
    choose(false);
    session.say(words || endedWords(drill), false);
  });
  if (!choosing) {
    return html`
      <div class="act">
        <button type="button" aria-expanded="false" onClick=${() => choose(true)}>${t("Stand down…")}</button>
        ${passedOn && html`<p class="quiet">${passedOn}</p>`}
      </div>
    `;
  }
  return html`
    <div class="act asking">
      <fieldset>
        <legend>
          ${event === "duress"
            ? t("Why does it end? Know for certain first, and not from a call alone, that nobody is forced any more.")
            : t("Why does it end? Ring back first.")}
        </legend>
        ${reasons.map(
          (each) => html`<label key=${each} class="choice">
            <input type="radio" name="reason-${id}" checked=${each === reason} onChange=${() => pick(each)} />
            ${reasonWords(each)}
          </label>`,
        )}
      </fieldset>
      <button type="button" aria-disabled=${step === "storing" ? "true" : undefined} onClick=${begin}>
        ${step === "storing" ? t("Storing…") : drill ? t("End the drill") : t("End this alert")}
      </button>
      <button type="button" onClick=${() => choose(false)}>${t("Cancel")}</button>
      ${failure && html`<p class="urgent">${t("NOT stored. {why}", { why: failureWords(failure) })}</p>`}
    </div>
  `;
}

/** @param {boolean} drill */
function endedWords(drill) {
  return drill ? t("Stored: the drill has ended.") : t("Stored: the alert has ended.");
}
