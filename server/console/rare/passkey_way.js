/** The way in with a passkey, where the browser and the address allow one. */
import { useConsole } from "../drawing.js";
import { offerWords } from "../entering.js";
import { t } from "../texts.js";
import { html, useState } from "../vendor/preact.js";
import { passkeysPossible, refusalWords, signIn } from "./authenticator.js";

export function PasskeyWay() {
  const { raises, session, ask } = useConsole();
  const [busy, occupy] = useState(false);
  const [notice, tell] = useState("");
  if (!passkeysPossible()) return null;
  async function press() {
    const warning = offerWords(null);
    // Somebody's call would end with it: whoever presses again wants that.
    if (raises.unsent() && notice !== warning) return tell(warning);
    occupy(true);
    tell("");
    tell((await session.enterBy(() => signIn(ask), refusalWords)) ?? "");
    occupy(false);
  }
  return html`
    <p>${t("Or, where you have added a passkey on this device:")}</p>
    <div class="buttons">
      <button type="button" aria-disabled=${busy} onClick=${() => busy || press()}>${t("Sign in with a passkey")}</button>
      ${notice && html`<p class="urgent" role="alert">${notice}</p>`}
    </div>
  `;
}
