/** The top of every screen: where one is, who one is, and the switches. */
import { useConsole, useShown } from "./drawing.js";
import { LanguageChoice } from "./language.js";
import { LiveLine } from "./live.js";
import { SignOut } from "./sign_out.js";
import { t } from "./texts.js";
import { html } from "./vendor/preact.js";

export function Header() {
  const screen = useShown((state) => state.screen);
  return html`
    <header>
      <p class="brand">${t("Streha")}</p>
      <nav aria-label=${t("Screens")}>
        <a href="#/board" aria-current=${screen === "board" ? "page" : undefined}>${t("Board")}</a>
        <a href="#/ways" aria-current=${screen === "ways" ? "page" : undefined}>${t("On the way")}</a>
        <a href="#/other" aria-current=${screen === "other" ? "page" : undefined}>${t("Other alert")}</a>
        <a href="#/drill" aria-current=${screen === "drill" ? "page" : undefined}>${t("Drill")}</a>
        <a href="#/device" aria-current=${screen === "device" ? "page" : undefined}>${t("This device")}</a>
      </nav>
      <div class="switches">
        <${SoundSwitch} />
        <${LanguageChoice} />
        <${SignOut} />
      </div>
      <${LiveLine} />
    </header>
  `;
}

function SoundSwitch() {
  const { sound } = useConsole();
  const sounding = useShown((state) => state.sound);
  if (sounding === "on") {
    return html`<button type="button" class="sound" onClick=${sound.toggle}>${t("Turn sound off")}</button>`;
  }
  return html`<button type="button" class="sound is-off" onClick=${sound.toggle}>${t("Sound is OFF: turn it on")}</button>`;
}
