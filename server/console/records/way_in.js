/** Before anything can be read: signing in, getting keys into this browser, and unlocking them. */
import { t } from "../texts.js";
import { html, useState } from "../vendor/preact.js";
import { useBound } from "./binding_view.js";
import { PassphraseField } from "./passphrase_field.js";
import { useParts, useShown } from "./store.js";

const SIGN_IN = "streha console";
const WITH_KEYS = "streha console --with-keys";

export function SignedOutScreen() {
  const { keeping, entering } = useParts();
  const { busy } = useShown();
  const number = useBound();
  const [passphrase, type] = useState("");
  /** @param {Event} event */
  function enter(event) {
    event.preventDefault();
    type("");
    void entering.enter(passphrase);
  }
  return html`
    <h1>${t("Sign in to Streha")}</h1>
    ${!number && html`
      <p>${t("With the keys that this browser keeps:")}</p>
      <form class="unlock" onSubmit=${enter}>
        <${PassphraseField} passphrase=${passphrase} type=${type} />
        <button type="submit" disabled=${busy !== ""}>${t("Sign in and unlock")}</button>
      </form>
      <p>${t("Or with a link:")}</p>
    `}
    <ol>
      <li>${t("On your own machine, run:")} <code>${SIGN_IN}</code></li>
      <li>${t("Open the link that it prints in this browser. It works once, for two minutes.")}</li>
    </ol>
    <p><button type="button" onClick=${keeping.resume}>${t("I have signed in: go on here")}</button></p>
  `;
}

export function NoKeysScreen() {
  const { joining } = useParts();
  return html`
    <h1>${t("This browser has no keys yet")}</h1>
    <ol>
      <li>${t("On your own machine, run:")} <code>${WITH_KEYS}</code></li>
      <li>${t("Open the link that it prints in this browser. It works once, for two minutes.")}</li>
    </ol>
    <p>${t("Do so only in a browser that is yours alone. The keys stay locked there with your passphrase.")}</p>
    <div class="foot">
      <h2>${t("Are you new, with an invitation on paper?")}</h2>
      <button type="button" onClick=${joining.begin}>${t("Come in with an invitation")}</button>
    </div>
  `;
}

export function UnlockScreen() {
  const { keeping } = useParts();
  const { busy, kept } = useShown();
  const [passphrase, type] = useState("");
  const number = useBound();
  const [asked, ask] = useState(false);
  /** @param {Event} event */
  function unlock(event) {
    event.preventDefault();
    type("");
    void keeping.unlock(passphrase);
  }
  return html`
    <h1>${t("The records are locked")}</h1>
    ${kept > 0 && html`<p>${t("What you were writing is sealed, and there again when you unlock.")}</p>`}
    ${number && html`<p>${t("First your device asks for your finger, face or PIN: the keys are bound to the passkey Streha {number}.", { number })}</p>`}
    <form class="unlock" onSubmit=${unlock}>
      <${PassphraseField} passphrase=${passphrase} type=${type} />
      <button type="submit" disabled=${busy !== ""}>${t("Unlock")}</button>
    </form>
    <div class="foot">
      ${asked
        ? html`
            <p>${t("The keys and all that this browser remembers go away. Your other devices are not touched.")}</p>
            <p>${t("If you have these keys nowhere else, nobody can bring them back: others have to be made for you.")}</p>
            ${number && html`<p>${t("The passkey Streha {number} stays, and what it opens. To end it too, remove it under This device on the board.", { number })}</p>`}
            ${kept > 0 && html`<p class="urgent">${t("What you were writing is not saved, and goes too. To keep it, unlock first and save it.")}</p>`}
            <div class="buttons">
              <button type="button" class="danger" onClick=${keeping.remove}>${t("Remove them")}</button>
              <button type="button" onClick=${() => ask(false)}>${t("Keep them")}</button>
            </div>
          `
        : html`<button type="button" onClick=${() => ask(true)}>${t("Remove the keys from this browser…")}</button>`}
    </div>
  `;
}
