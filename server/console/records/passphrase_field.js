/** Where a passphrase is typed; whoever wants sees what they type. */
import { t } from "../texts.js";
import { html, useState } from "../vendor/preact.js";

/** @param {{ passphrase: string, type: (passphrase: string) => void }} props */
export function PassphraseField({ passphrase, type }) {
  const [seen, see] = useState(false);
  return html`
    <div class="field">
      <label for="passphrase">${t("Passphrase")}</label>
      <input
        id="passphrase" type=${seen ? "text" : "password"} value=${passphrase} required
        autocomplete="off" autocapitalize="none" autocorrect="off" spellcheck=${false}
        onInput=${(/** @type {any} */ event) => type(event.currentTarget.value)}
      />
    </div>
    <label class="choice">
      <input type="checkbox" checked=${seen} onChange=${() => see(!seen)} /> ${t("Show what I type")}
    </label>
  `;
}
