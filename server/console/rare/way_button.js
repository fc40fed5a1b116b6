/** For whoever goes: one large button for the next step, smaller ones for what else is said; each says whether it is stored. */
import { useConsole, useShown } from "../drawing.js";
import { t } from "../texts.js";
import { Time } from "../time.js";
import { html, useState } from "../vendor/preact.js";
import { OtherReceiver } from "./other_receiver.js";
import { SentLine, useSending } from "./sending.js";
import { handOverStep, ownStep, watchedStep } from "./way_facts.js";
import { NotTakenOver, Told } from "./way_told.js";
import { stepWords } from "./way_words.js";

/**
 * @typedef {import("../types.js").Operation} Operation
 * @typedef {{ word: string, position?: number, heard_from?: string, minutes?: number, why?: string }} Word
 */

const LATER = [10, 20, 40];
const SILENT = [30, 60, 120];

/** @param {{ way: Operation }} props */
export function WayButtons({ way }) {
  const { knowledge } = useConsole();
  const me = useShown((state) => state.facts?.me.id ?? "");
  const { sent, busy, send } = useSending();
  const [asking, ask_] = useState("");
  if (![...way.steps.flatMap((each) => each.confirmers), way.coordinator, way.buddy, way.liaison, way.receiver].includes(me) && !way.leads) return null;
  const own = ownStep(way, me);

  /** @param {Word} said */
  function say(said) {
    if (busy) return;
    ask_("");
    const words = (/** @type {number} */ at) => {
      // When it was so stands fast, however late it comes; a delay or a silence counts from when it comes.
      const written = said.word === "reached" || said.word === "received" ? { written_at: new Date(at).toISOString() } : {};
      return { key: crypto.randomUUID(), ...said, ...written };
    };
    send(`/api/operations/${way.operation}/passages`, words, () => knowledge.wayAsked(way.operation));
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
  const told = (way.leads || way.buddy === me) && html`<${Told} way=${way} shut=${shut} say=${say} />`;
  return html`
    <div class="way-words">
      ${own &&
      html`<button type="button" class="reached" aria-disabled=${shut} onClick=${() => say({ word: own.word, position: own.step.position })}>
        <b>${own.word === "received" ? t("Taken over") : t("Reached: {step}", { step: stepWords(own.step.kind) })}</b>
        ${own.step.due_at && html`<span>${t("expected")} <${Time} at=${own.step.due_at} /></span>`}
      </button>`}
      <${SentLine} sent=${sent} />
      ${way.receiver === me && html`<${NotTakenOver} way=${way} shut=${shut} say=${say} />`}
      ${watchedStep(way) && (goes ? rest : html`<details><summary>${t("Write what they told you")}</summary><div class="way-words">${told} ${rest}</div></details>`)}
      ${way.leads && handOverStep(way) && html`<div><${OtherReceiver} way=${way} /></div>`}
    </div>
  `;
}
