/** The top of every screen: where one is, who one is, and the switches. */
import { useConsole, useShown } from "./drawing.js";
import { LanguageChoice } from "./language.js";
import { LiveLine } from "./live.js";
import { isGuarded } from "./panic.js";
import { t } from "./texts.js";
import { html, useState } from "./vendor/preact.js";
import { failureWords } from "./words.js";

export function Header() {
  const screen = useShown((state) => state.screen);
  return html`
    <header>
      <p class="brand">${t("Streha")}</p>
      <nav aria-label=${t("Screens")}>
        <a href="#/board" aria-current=${screen === "board" ? "page" : undefined}>${t("Board")}</a>
        <a href="#/drill" aria-current=${screen === "drill" ? "page" : undefined}>${t("Drill")}</a>
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

function SignOut() {
  const { session, store } = useConsole();
  const [refusal, refuse] = useState("");
  async function signOut() {
    const [kept] = store.get().raises.filter(isGuarded).sort(alertsFirst);
    if (kept?.status === "Actual") return refuse(t("Your alert is not accepted yet. End it before you sign out."));
    if (kept) return refuse(t("Your drill is not accepted yet. End it before you sign out."));
    const failure = await session.signOut();
    refuse(failure ? t("You are NOT signed out. {why}", { why: failureWords(failure) }) : "");
  }
  return html`
    <button type="button" onClick=${signOut}>${t("Sign out")}</button>
    ${refusal && html`<p class="urgent" role="alert">${refusal}</p>`}
  `;
}

/** @param {import("./panic.js").Progress} one @param {import("./panic.js").Progress} other */
function alertsFirst(one, other) {
  return Number(one.status === "Exercise") - Number(other.status === "Exercise");
}
