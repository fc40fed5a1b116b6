/** For whoever goes: one large button for the next step, smaller ones for what else is said; each says whether it is stored. */
import { serverNow } from "../clock.js";
import { useConsole, useShown } from "../drawing.js";
import { exactly } from "../moments.js";
import { t } from "../texts.js";
import { Time } from "../time.js";
import { html, useEffect, useState } from "../vendor/preact.js";
import { failureWords } from "../words.js";
import { ownStep, watchedStep } from "../way_facts.js";
import { stepWords } from "../way_words.js";
import { createSending } from "./way_sending.js";

/**
 * @typedef {import("../types.js").Operation} Operation
 * @typedef {import("./way_sending.js").Sent} Sent
 * @typedef {import("./way_sending.js").Word} Word
 */

const LATER = [10, 20, 40];
const SILENT = [30, 60, 120];

/** @param {{ way: Operation }} props */
export function WayButtons({ way }) {
  const { ask, clock, knowledge, session, store } = useConsole();
  const me = useShown((state) => state.facts?.me.id ?? "");
  const [sent, tell] = useState(/** @type {Sent | null} */ (null));
  const [asking, ask_] = useState("");
  const busy = sent?.state === "sending" || sent?.state === "waiting";
  useEffect(() => {
    if (!busy) return;
    const guard = (/** @type {Event} */ event) => event.preventDefault();
    addEventListener("beforeunload", guard);
    return () => removeEventListener("beforeunload", guard);
  }, [busy]);
  if (![...way.steps.flatMap((each) => each.confirmers), way.coordinator, way.buddy, way.liaison, way.receiver].includes(me)) return null;
  const own = ownStep(way, me);

  /** @param {Word} said */
  function say(said) {
    if (busy) return;
    ask_("");
    const changed = (/** @type {Sent} */ next) => {
      tell(next);
      if (next.state !== "sending") session.say(sentWords(next), next.state !== "stored");
    };
    const mine = () => store.get().session === "signed_in" && store.get().facts?.me.id === me;
    void createSending({ ask, clock, knowledge, key: crypto.randomUUID(), writtenAt: serverNow(), changed, mine })(way.operation, said);
  }

  const shut = busy ? "true" : undefined;
  const goes = way.steps.some((each) => each.confirmers.includes(me));
  const rest = html`
    <div class="buttons" role="group" aria-label=${t("We are later, by minutes")}>
      <span>${t("Later")}</span>
      ${LATER.map((minutes) => html`<button type="button" aria-disabled=${shut} onClick=${() => say({ word: "delayed", minutes })}>${t("{count} min later", { count: minutes })}</button>`)}
    </div>
    <div class="buttons" role="group" aria-label=${t("Telephones are off, for minutes")}>
      <span>${t("Telephones off")}</span>
      ${SILENT.map((minutes) => html`<button type="button" aria-disabled=${shut} onClick=${() => say({ word: "dark", minutes })}>${t("{count} min silent", { count: minutes })}</button>`)}
    </div>
    ${asking
      ? html`<div class="asking" role="group" aria-label=${t("Sure?")}>
          <p>${asking === "diverted" ? t("You go to the other place of the brief, and everybody named is rung.") : t("It ends early. Whoever is out is still awaited at home, and those on duty are called.")}</p>
          <button type="button" onClick=${() => say({ word: asking })}>${asking === "diverted" ? t("Yes, to the other place") : t("Yes, end it early")}</button>
          <button type="button" onClick=${() => ask_("")}>${t("Cancel")}</button>
        </div>`
      : html`<div class="buttons">
          ${way.status !== "diverted" && way.status !== "aborted" && html`<button type="button" aria-disabled=${shut} onClick=${() => ask_("diverted")}>${t("To the other place…")}</button>`}
          ${way.status !== "aborted" && html`<button type="button" aria-disabled=${shut} onClick=${() => ask_("aborted")}>${t("End early…")}</button>`}
        </div>`}
  `;
  return html`
    <div class="way-words">
      ${own &&
      html`<button type="button" class="reached" aria-disabled=${shut} onClick=${() => say({ word: own.word, position: own.step.position })}>
        <b>${own.word === "received" ? t("Taken over") : t("Reached: {step}", { step: stepWords(own.step.kind) })}</b>
        ${own.step.due_at && html`<span>${t("expected")} <${Time} at=${own.step.due_at} /></span>`}
      </button>`}
      ${sent && html`<p class=${sent.state === "stored" ? "notice" : "urgent"} role=${sent.state === "stored" ? "status" : "alert"}>${sentWords(sent)}</p>`}
      ${watchedStep(way) && (goes ? rest : html`<details><summary>${t("Write what they told you")}</summary><div class="way-words">${rest}</div></details>`)}
    </div>
  `;
}

/** @param {Sent} sent */
function sentWords({ state, at, failure }) {
  const time = exactly(at);
  if (state === "sending") return t("Storing…");
  if (state === "stored") return t("Stored, as of {time}.", { time });
  const why = failure ? failureWords(failure) : "";
  if (state === "refused") return t("NOT stored. {why}", { why });
  return t("NOT stored yet, it is sent again by itself, as of {time}. Leave this page open, or ring who leads. {why}", { time, why });
}
