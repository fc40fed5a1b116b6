/** Choosing the language. */
import { useConsole, useShown } from "./drawing.js";
import { LANGUAGES, language, t } from "./texts.js";
import { html, useState } from "./vendor/preact.js";

export function LanguageChoice() {
  const { session, speak } = useConsole();
  const [failed, fail] = useState(false);
  const current = useShown((state) => state.language);
  /** @param {HTMLSelectElement} select */
  async function choose(select) {
    fail(false);
    if (await speak(select.value)) return;
    select.value = language();
    fail(true);
    session.say(failedWords(), true);
  }
  return html`
    <div class="field language">
      <label for="language">${t("Language")}</label>
      <select id="language" value=${current} onChange=${(/** @type {any} */ event) => choose(event.currentTarget)}>
        ${Object.entries(LANGUAGES).map(
          ([code, name]) => html`<option key=${code} value=${code} lang=${code}>${name}</option>`,
        )}
      </select>
      ${failed && html`<p class="urgent">${failedWords()}</p>`}
    </div>
  `;
}

function failedWords() {
  return t("The language could not be changed. Check the connection.");
}
