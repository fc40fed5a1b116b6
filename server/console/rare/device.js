/** What this browser may do by itself: the screen about passkeys. */
import { t } from "../texts.js";
import { html } from "../vendor/preact.js";
import { Passkeys } from "./passkeys.js";

export function DeviceScreen() {
  return html`
    <main id="main" tabindex="-1" class="device-screen">
      <h1>${t("This device")}</h1>
      <${Passkeys} />
    </main>
  `;
}
