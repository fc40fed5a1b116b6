/** Before anybody is signed in: how to, and whom to ring meanwhile. There is no password to type anywhere. */
import { useConsole, useShown } from "./drawing.js";
import { LanguageChoice } from "./language.js";
import { later } from "./later.js";
import { Ring } from "./ring.js";
import { t } from "./texts.js";
import { html } from "./vendor/preact.js";
import { failureWords } from "./words.js";

const COMMAND = "streha console";
const PasskeyWay = later(async () => (await import("./rare/passkey_way.js")).PasskeyWay);

export function SignInScreen() {
  const why = useShown((state) => state.why);
  const failure = useShown((state) => state.failure);
  const notice = failure ? failureWords(failure) : reason(why);
  const canRaise = useShown((state) => state.calling.channels.length > 0);
  return html`
    <main id="main" tabindex="-1" class="sign-in">
      <h1>${t("Sign in to Streha")}</h1>
      ${notice && html`<p class="notice">${notice}</p>`}
      <ol>
        <li>${t("On your own machine, run:")} <code>${COMMAND}</code></li>
        <li>${t("Open the link that it prints in this browser. It works once, for two minutes.")}</li>
      </ol>
      <${PasskeyWay} />
      <p>${t("New, with an invitation on paper? Or with keys that this browser keeps?")} <a class="to-records" href="/console/records/">${t("Go on here")}</a></p>
      <div class="meanwhile">
        <p>
          ${canRaise
            ? t("As long as this page stays open you can still try to raise an alert below. Everything else needs a new link.")
            : t("Without signing in, no alert can be raised here.")}
        </p>
        <${Ring} />
      </div>
      <${LanguageChoice} />
    </main>
  `;
}

/** Until the board is there: what is waited for, and what to do if it does not come. */
export function StartingScreen() {
  const { session } = useConsole();
  const failure = useShown((state) => state.failure);
  return html`
    <main id="main" tabindex="-1" class="sign-in">
      <h1>${t("Streha")}</h1>
      ${failure
        ? html`
            <p class="notice">${failureWords(failure)}</p>
            <p><button type="button" onClick=${session.again}>${t("Try again")}</button></p>
            <div class="meanwhile">
              <p>${t("Until then, no alert can be raised here.")}</p>
              <${Ring} />
            </div>
          `
        : html`<p role="status">${t("Opening the board…")}</p>`}
      <${LanguageChoice} />
    </main>
  `;
}

/** @param {import("./types.js").State["why"]} why */
function reason(why) {
  switch (why) {
    case "used": return t("This link has been used or is too old. Make another: streha console");
    case "ended": return t("Your session has ended. Sign in again.");
    case "left": return t("You are signed out.");
    default: return "";
  }
}
