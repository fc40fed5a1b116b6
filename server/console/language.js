/** Choosing the language. */
import { useConsole, useShown } from "./drawing.js";
import { LANGUAGES, t } from "./texts.js";
import { html } from "./vendor/preact.js";

export function LanguageChoice() {
  const { speak } = useConsole();
  const current = useShown((state) => state.language);
  return html`
    <div class="field language">
      <label for="language">${t("Language")}</label>
      <select id="language" value=${current} onChange=${(/** @type {any} */ event) => speak(event.currentTarget.value)}>
        ${Object.entries(LANGUAGES).map(
          ([code, name]) => html`<option key=${code} value=${code} lang=${code}>${name}</option>`,
        )}
      </select>
    </div>
  `;
}
