/** For whoever leads: what is decided of a way as a whole. What others act on is asked about once, go with what is missing. */
import { useAct } from "../answering.js";
import { useConsole } from "../drawing.js";
import { t } from "../texts.js";
import { html, useState } from "../vendor/preact.js";
import { failureWords } from "../words.js";
import { Missing, keepsBack, useReadiness } from "./readiness.js";
import { despiteWords } from "./way_words.js";

/** @typedef {import("../types.js").Operation} Operation */

const REASONS = ["summoned", "no_other_day", "staying_is_worse", "seen_to"];

/** @param {{ way: Operation }} props */
export function Deciding({ way }) {
  const { ask, knowledge, session } = useConsole();
  const { ready, look } = useReadiness(way.operation);
  const [asking, ask_] = useState("");
  const [despite, take] = useState("");
  const { step, failure, begin } = useAct(`way-${way.operation}`, async () => {
    const keep = knowledge.wayAsked(way.operation);
    try {
      keep(await ask("PUT", `/api/operations/${way.operation}/decision`, {}, { decision: asking, despite: despite || null }));
    } catch (error) {
      // Something may be missing by now that was there when it was looked.
      if (asking === "go") look();
      throw error;
    }
    session.say(t("Stored: {decision}.", { decision: doneWords(asking) }), false);
    ask_("");
  });
  if (!way.decisions.length) return null;
  const shut = step === "storing" ? "true" : undefined;
  if (!way.decisions.includes(asking)) {
    const choose = (/** @type {string} */ decision) => {
      take("");
      ask_(decision);
      if (decision === "go") look();
    };
    return html`
      <div class="buttons" role="group" aria-label=${t("Decide: {codename}", { codename: way.codename })}>
        ${way.decisions.map((each) => html`<button key=${each} type="button" onClick=${() => choose(each)}>${askWords(each)}</button>`)}
      </div>
    `;
  }
  // Of an exercise it is told what is missing, and nothing keeps it back.
  const hard = !way.drill && keepsBack(ready);
  const waits = asking === "go" && (ready === null || (hard && !despite));
  return html`
    <div class="asking" role="group" aria-label=${askWords(asking)}>
      <p>${sureWords(asking)}</p>
      ${asking === "go" && html`<div class="missing"><${Missing} ready=${ready} /></div>`}
      ${asking === "go" &&
      hard &&
      html`<fieldset>
        <legend>${t("Go all the same? The channel and the ledger then name you. Why do they go?")}</legend>
        ${REASONS.map(
          (each) => html`<label key=${each} class="choice">
            <input type="radio" name=${`despite-${way.operation}`} checked=${each === despite} onChange=${() => take(each)} />
            ${despiteWords(each)}
          </label>`,
        )}
      </fieldset>`}
      <button type="button" disabled=${waits} aria-disabled=${shut} onClick=${begin}>${step === "storing" ? t("Storing…") : yesWords(asking, hard)}</button>
      <button type="button" onClick=${() => ask_("")}>${t("Cancel")}</button>
      ${failure && html`<p class="urgent">${t("NOT stored. {why}", { why: failureWords(failure) })}</p>`}
    </div>
  `;
}

/** @param {string} decision */
function askWords(decision) {
  switch (decision) {
    case "approve": return t("Approve…");
    case "go": return t("Go…");
    case "postpone": return t("Put off…");
    case "close": return t("Close it…");
    default: return decision;
  }
}

/** @param {string} decision */
function sureWords(decision) {
  switch (decision) {
    case "approve": return t("You agree to the day, the steps and the people as they stand here and in the brief.");
    case "go": return t("It begins: from now on each step is awaited, and people are called when one is late.");
    case "postpone": return t("Nobody goes on that day, and nothing of it reminds anybody any more.");
    case "close": return t("Nothing of it is left to do: nobody is asked any more to talk about it.");
    default: return "";
  }
}

/** @param {string} decision @param {boolean} hard */
function yesWords(decision, hard) {
  switch (decision) {
    case "approve": return t("Yes, approve");
    case "go": return hard ? t("Yes, go all the same") : t("Yes, go");
    case "postpone": return t("Yes, put it off");
    case "close": return t("Yes, close it");
    default: return decision;
  }
}

/** @param {string} decision */
function doneWords(decision) {
  switch (decision) {
    case "approve": return t("approved");
    case "go": return t("go: it begins");
    case "postpone": return t("postponed");
    case "close": return t("closed");
    default: return decision;
  }
}
