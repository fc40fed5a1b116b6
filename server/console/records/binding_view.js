/** How this browser unlocks: with a secret of its own, or bound to a passkey of its device. */
import { passkeysPossible } from "../rare/authenticator.js";
import { t } from "../texts.js";
import { html, useEffect, useState } from "../vendor/preact.js";
import { PassphraseField } from "./passphrase_field.js";
import { useParts, useShown } from "./store.js";

/** @returns {string} the number of the passkey that the keys here are bound to; empty where they are not */
export function useBound() {
  const { binding } = useParts();
  const { done } = useShown();
  const [number, know] = useState("");
  // A memory that cannot be read is told of where it is needed.
  useEffect(() => void binding.number().then(know, () => null), [done]);
  return number;
}

export function BindingView() {
  const number = useBound();
  const [wanted, want] = useState(false);
  // What was pressed is gone with it.
  useEffect(() => void (number && wanted && document.getElementById("main")?.focus()), [number]);
  if (number) {
    return html`
      <p class="foot">
        ${t("The keys of this browser are bound to the passkey Streha {number}. Lost the device? Remove the passkey under This device on the board: nothing opens with it then.", { number })}
      </p>
    `;
  }
  if (!wanted) {
    return html`<p class="foot"><button type="button" onClick=${() => want(true)}>${t("Open the records with a passkey too…")}</button></p>`;
  }
  return html`<${Offer} close=${() => want(false)} />`;
}

/** @param {{ close: () => void }} props */
function Offer({ close }) {
  const { binding } = useParts();
  const { busy } = useShown();
  const [passkeys, know] = useState(/** @type {import("./binding.js").Known[] | null} */ (null));
  const [failed, fail] = useState(false);
  const [passphrase, type] = useState("");
  const look = () => binding.known().then(know, () => fail(true));
  useEffect(() => void look(), []);
  /** @param {Event} event */
  function bind(event) {
    event.preventDefault();
    type("");
    void binding.bind(passkeys ?? [], passphrase);
  }
  const possible = passkeysPossible();
  return html`
    <section class="foot" aria-label=${t("A passkey for the records")}>
      <h2>${t("A passkey for the records")}</h2>
      <p>
        ${t("Now this browser keeps a secret that your passphrase completes. A passkey of this device can take its place: then the browser's files open nothing. Your passphrase stays as it is, and is asked for each time.")}
      </p>
      ${!possible && html`<p class="notice">${t("Passkeys do not work here: the browser knows none, or the console's address has no name.")}</p>`}
      ${failed && html`<p class="urgent" role="alert">${t("Your passkeys could not be asked for. Check the connection, and try again.")}</p>`}
      ${possible && passkeys?.length === 0 && html`<p>${t("You have no passkey yet.")}</p>`}
      ${possible && passkeys && passkeys.length > 0 && html`
        <form class="unlock" onSubmit=${bind}>
          <${PassphraseField} passphrase=${passphrase} type=${type} />
          <button type="submit" disabled=${busy !== ""}>${t("Bind the keys to a passkey of this device")}</button>
        </form>
      `}
      <div class="buttons">
        ${possible && html`<button type="button" disabled=${busy !== ""} onClick=${() => binding.make().then(look)}>${t("Make a new passkey on this device")}</button>`}
        <button type="button" disabled=${busy !== ""} onClick=${close}>${t("Cancel")}</button>
      </div>
    </section>
  `;
}
