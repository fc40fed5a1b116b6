/** Raising what is no panic: a screen of its own, where what happens is chosen. The panic button stays where it is. */
import { ChannelChoice, chosenOf } from "./channel_choice.js";
import { useConsole, useShown } from "./drawing.js";
import { t } from "./texts.js";
import { eventWords } from "./words.js";
import { html, useState } from "./vendor/preact.js";

/** What is chosen from, the most urgent first; of somebody missing also that it is a child. */
const HAPPENINGS = [
  "being_followed", "trafficker_sighted", "hostile_presence", "location_compromised", "missing_child", "missing_person",
  "threat_received", "intimidation_or_bribe", "defendant_released", "premises_incident", "confidentiality_breach",
  "health", "device_lost",
];

export function OtherAlertScreen() {
  return html`
    <main id="main" tabindex="-1" class="drill-screen">
      <h1>${t("Other alert")}</h1>
      <p>${t("In danger use the panic button. Here people are called for something else, and told what it is.")}</p>
      <${Start} />
    </main>
  `;
}

function Start() {
  const { raises, store } = useConsole();
  const { channels } = useShown((state) => state.calling);
  const { channel } = chosenOf(useShown((state) => state.chosen), channels);
  const [what, choose] = useState("");
  const [asking, ask] = useState(false);
  const [missing, miss] = useState(false);
  if (!channel) return html`<p>${t("You have a part in no open case: no alert can be raised here.")}</p>`;
  const chooseChannel = (/** @type {string} */ compartment) =>
    store.set({ chosen: { channel: channels.find((each) => each.compartment === compartment) ?? channel, gone: false } });
  const start = () => {
    ask(false);
    raises.start(channel, "Actual", what);
    choose("");
  };
  return html`
    <form class="other start" onSubmit=${(/** @type {Event} */ event) => (event.preventDefault(), ask(what !== ""), miss(what === ""))}>
      <div class="field">
        <label for="other-what">${t("What happens")}</label>
        <select
          id="other-what"
          value=${what}
          onChange=${(/** @type {any} */ event) => (choose(event.currentTarget.value), ask(false), miss(false))}
        >
          <option value="">${t("Choose")}</option>
          ${HAPPENINGS.map((each) => html`<option key=${each} value=${each}>${happening(each)}</option>`)}
        </select>
      </div>
      <${ChannelChoice} id="other-channel" channels=${channels} channel=${channel} choose=${chooseChannel} />
      ${missing && html`<p class="urgent" role="alert">${t("Nothing was raised. Choose what happens first.")}</p>`}
      ${asking
        ? html`<div class="asking" role="group" aria-label=${t("Other alert")}>
            <p>${t("{codename}: {event}. People are called now.", { codename: channel.codename, event: happening(what) })}</p>
            <button type="button" class="danger" onClick=${start}>${t("Raise the alert now")}</button>
            <button type="button" onClick=${() => ask(false)}>${t("Cancel")}</button>
          </div>`
        : html`<button type="submit">${t("Raise this alert…")}</button>`}
    </form>
  `;
}

/** @param {string} what */
function happening(what) {
  return what === "missing_child" ? t("missing child") : eventWords(what);
}
