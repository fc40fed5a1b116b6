/** Somebody else receives: said by who leads the day, also where somebody was refused at the door. */
import { useAct } from "../answering.js";
import { useConsole } from "../drawing.js";
import { t } from "../texts.js";
import { html, useState } from "../vendor/preact.js";
import { failureWords } from "../words.js";
import { PersonField, noCircle, useCircles } from "./naming.js";

/**
 * @typedef {import("../types.js").Circle} Circle
 * @typedef {import("../types.js").Operation} Operation
 */

/** @param {{ way: Operation }} props */
export function OtherReceiver({ way }) {
  const { ask, knowledge, session } = useConsole();
  const place = `receiver-${way.operation}`;
  const [circle, know] = useState(/** @type {Circle | null | undefined} */ (undefined));
  const [chosen, choose] = useState("");
  const asked = useCircles(place, (circles) => know(circles.find((each) => each.id === way.compartment) ?? null));
  const named = useAct(place, async () => {
    const keep = knowledge.wayAsked(way.operation);
    keep(await ask("PUT", `/api/operations/${way.operation}/receiver`, {}, { receiver: chosen }));
    session.say(t("Stored: {decision}.", { decision: t("somebody else receives") }), false);
    know(undefined);
    choose("");
  });
  if (circle === null) return html`<p>${noCircle()}</p>`;
  if (!circle) {
    return html`
      <button type="button" id=${place} aria-disabled=${asked.step === "storing" ? "true" : undefined} onClick=${asked.begin}>${t("Somebody else receives…")}</button>
      ${asked.failure && html`<p class="urgent">${failureWords(asked.failure)}</p>`}
    `;
  }
  const shut = named.step === "storing" ? "true" : undefined;
  return html`
    <div class="asking" role="group" aria-label=${t("Somebody else receives")}>
      <${PersonField} id=${`${place}-who`} words=${t("Who takes over whoever is brought")} circle=${circle} value=${chosen} choose=${choose} />
      <button type="button" disabled=${!chosen} aria-disabled=${shut} onClick=${named.begin}>${shut ? t("Storing…") : t("They receive")}</button>
      <button type="button" onClick=${() => know(undefined)}>${t("Cancel")}</button>
      ${named.failure && html`<p class="urgent" role="alert">${t("NOT stored. {why}", { why: failureWords(named.failure) })}</p>`}
    </div>
  `;
}
