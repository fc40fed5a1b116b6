/** Writing a version of a record. What is typed stays in the page's memory until it is sealed. */
import { t } from "../texts.js";
import { html, useState } from "../vendor/preact.js";
import { useParts, useShown } from "./store.js";

const LONGEST_TEXT = 1_048_576;

export function Editor() {
  const { store, keeping } = useParts();
  const { shown, draft, busy } = useShown();
  const [asked, ask] = useState(false);
  if (!draft || !shown) return null;
  const tooLong = new TextEncoder().encode(draft.text).length > LONGEST_TEXT;
  const empty = draft.text.trim() === "";
  /** @param {string} text */
  const type = (text) => store.set({ draft: { ...draft, text } });
  /** @param {Event} event */
  function save(event) {
    event.preventDefault();
    void keeping.save();
  }
  return html`
    <h1>${draft.record ? t("Next version, in {codename}", { codename: shown.channel.codename }) : t("New record, in {codename}", { codename: shown.channel.codename })}</h1>
    <form class="editor" onSubmit=${save}>
      <div class="field">
        <label for="text">${t("Text")}</label>
        <textarea
          id="text" value=${draft.text} autocomplete="off" autocapitalize="sentences" spellcheck=${false}
          aria-describedby="who-reads" disabled=${busy !== ""}
          onInput=${(/** @type {any} */ event) => type(event.currentTarget.value)}
        ></textarea>
      </div>
      <p id="who-reads" class="of">${t("It is sealed here. Only members of this case can read it; the server cannot.")}</p>
      ${tooLong && html`<p class="urgent">${t("This is longer than one record can be (1 MiB). Divide it.")}</p>`}
      <div class="buttons">
        <button type="submit" disabled=${busy !== "" || tooLong || empty}>${t("Seal and save")}</button>
        ${asked
          ? html`
              <button type="button" class="danger" onClick=${() => store.set({ draft: null, trouble: null })}>${t("Throw the text away")}</button>
              <button type="button" onClick=${() => ask(false)}>${t("Go on writing")}</button>
            `
          : html`<button type="button" disabled=${busy !== ""} onClick=${() => ask(true)}>${t("Do not save…")}</button>`}
      </div>
    </form>
  `;
}
