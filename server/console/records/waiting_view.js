/** Keys that were made with an invitation and wait: their code, what comes next, and the way on once somebody has attested them. */
import { t } from "../texts.js";
import { html, useState } from "../vendor/preact.js";
import { PassphraseField } from "./passphrase_field.js";
import { useParts, useShown } from "./store.js";

/** @param {{ waiting: { code: string, offered: boolean } }} props */
export function WaitingScreen({ waiting: { code, offered } }) {
  return offered ? html`<${Waiting} code=${code} />` : html`<${NotOffered} />`;
}

function NotOffered() {
  const { joining } = useParts();
  const { busy } = useShown();
  return html`
    <h1>${t("Your keys were NOT offered yet")}</h1>
    <p>${t("They are made, and kept locked in this browser. Nobody can attest them before they are offered. Check the connection, and try again.")}</p>
    <div class="buttons">
      <button type="button" disabled=${busy !== ""} onClick=${joining.again}>${t("Offer them now")}</button>
    </div>
    <${GiveUp} />
  `;
}

/** @param {{ code: string }} props */
function Waiting({ code }) {
  const { joining } = useParts();
  const { busy } = useShown();
  const [passphrase, type] = useState("");
  /** @param {Event} event */
  function goOn(event) {
    event.preventDefault();
    type("");
    void joining.goOn(passphrase);
  }
  return html`
    <h1>${t("Your keys wait to be attested")}</h1>
    <p>${t("Now wait for a call by somebody whose voice you know, and read them this code. Give it to nobody in writing:")}</p>
    <p class="drawn" translate="no">${code}</p>
    <p>${t("You can close this page meanwhile. Open it again in this browser: the code is here, and your keys are.")}</p>
    <h2>${t("When they say that it is done")}</h2>
    <form class="unlock" onSubmit=${goOn}>
      <${PassphraseField} passphrase=${passphrase} type=${type} />
      <button type="submit" disabled=${busy !== ""}>${t("Look whether I am attested, and go on")}</button>
    </form>
    <${GiveUp} />
  `;
}

function GiveUp() {
  const { joining } = useParts();
  const { busy } = useShown();
  const [asked, ask] = useState(false);
  return html`
    <div class="foot">
      ${asked
        ? html`
            <p class="urgent">${t("The keys that were made here go away. Whoever attests them meanwhile attests what nobody has: ring your administrator first. To come in then you need another paper.")}</p>
            <div class="buttons">
              <button type="button" class="danger" disabled=${busy !== ""} onClick=${joining.giveUp}>${t("Give them up")}</button>
              <button type="button" onClick=${() => ask(false)}>${t("Keep them")}</button>
            </div>
          `
        : html`<button type="button" onClick=${() => ask(true)}>${t("Give up these keys…")}</button>`}
    </div>
  `;
}
