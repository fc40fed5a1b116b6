/** One's own passkeys: adding one on this device, which there are, and removing one that was lost. */
import { useConsole } from "../drawing.js";
import { moment } from "../moments.js";
import { t } from "../texts.js";
import { html, useEffect, useState } from "../vendor/preact.js";
import { addPasskey, ownPasskeys, passkeysPossible, refusalWords, removePasskey } from "./authenticator.js";

/** @typedef {import("../types.js").Passkey} Passkey */

export function Passkeys() {
  const { ask, clock } = useConsole();
  const [own, know] = useState(/** @type {import("../types.js").Passkeys | null} */ (null));
  const [busy, occupy] = useState(false);
  const [done, tell] = useState("");
  const [refusal, refuse] = useState("");

  /** One thing at a time; afterwards what there is is asked anew. @param {() => Promise<string>} act */
  async function doing(act) {
    if (busy) return;
    occupy(true);
    tell("");
    refuse("");
    try {
      tell(await act());
    } catch (error) {
      refuse(refusalWords(error));
    }
    try {
      know(await ownPasskeys(ask));
    } catch (error) {
      refuse(refusalWords(error));
    }
    occupy(false);
  }
  useEffect(() => void doing(async () => ""), []);

  const add = () => doing(async () => addedWords(await addPasskey(ask)));
  /** @param {Passkey} passkey */
  const remove = (passkey) =>
    doing(async () => {
      await removePasskey(ask, passkey.id);
      document.getElementById("main")?.focus();
      return t("Streha {number} is removed. Whoever was signed in with it is signed out.", { number: passkey.number });
    });
  return html`
    <p>
      ${t("With a passkey you sign in on this device by finger, face or PIN, without the command. Add one only on a device that nobody else unlocks.")}
    </p>
    ${passkeysPossible()
      ? html`<div class="buttons">
          <button type="button" aria-disabled=${busy} onClick=${add}>${t("Add a passkey on this device")}</button>
        </div>`
      : html`<p class="notice">${t("Passkeys do not work here: the browser knows none, or the console's address has no name.")}</p>`}
    <div role="status">${done && html`<p class="notice">${done}</p>`}</div>
    ${refusal && html`<p class="urgent" role="alert">${refusal}</p>`}
    <h2>${t("Your passkeys")}</h2>
    ${own && !own.passkeys.length && html`<p>${t("You have no passkey.")}</p>`}
    ${own &&
    own.passkeys.length > 0 &&
    html`<ul class="passkeys">
      ${own.passkeys.map(
        (each) => html`<${Row} key=${each.id} passkey=${each} now=${clock.now()} here=${own.signed_in_with === each.id} remove=${remove} />`,
      )}
    </ul>`}
    <p>${t("Lost a device? Remove its passkey. One that you do not know was added by somebody else: remove it, and ring an administrator.")}</p>
  `;
}

/** @param {{ passkey: Passkey, now: number, here: boolean, remove: (passkey: Passkey) => void }} props */
function Row({ passkey, now, here, remove }) {
  const [asking, ask] = useState(false);
  const { number } = passkey;
  return html`
    <li>
      <p><b>${t("Streha {number}", { number })}</b> ${here && t("You are signed in with it.")}</p>
      <p class="quiet">${timesWords(passkey, now)} ${passkey.synced && t("Your other devices may have it too.")}</p>
      ${asking
        ? html`<div class="asking" role="group" aria-label=${t("Remove Streha {number}", { number })}>
            <p>${t("Whoever is signed in with Streha {number} is signed out, and it signs nobody in any more.", { number })}</p>
            <div class="buttons">
              <button type="button" onClick=${() => remove(passkey)}>${t("Yes, remove it")}</button>
              <button type="button" onClick=${() => ask(false)}>${t("Cancel")}</button>
            </div>
          </div>`
        : html`<button type="button" onClick=${() => ask(true)}>${t("Remove Streha {number}", { number })}</button>`}
    </li>
  `;
}

/** @param {Passkey} passkey @param {number} now */
function timesWords({ added_at, used_at }, now) {
  const added = moment(Date.parse(added_at), now);
  if (!used_at) return t("Added {time}, not used yet.", { time: added });
  return t("Added {time}, last used {used}.", { time: added, used: moment(Date.parse(used_at), now) });
}

/** @param {{ passkey: Passkey, unlocks: boolean }} made */
function addedWords({ passkey, unlocks }) {
  const { number } = passkey;
  return unlocks
    ? t("Streha {number} is added: from now on you can sign in with it here. It can help to unlock sealed records too.", { number })
    : t("Streha {number} is added: from now on you can sign in with it here. It cannot help to unlock sealed records; this browser then keeps a secret for that itself.", { number });
}
