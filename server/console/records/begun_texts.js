/**
 * The texts that were begun and not saved, wherever they belong: also to a case or a record that is gone. There each can be
 * read, gone on with where that is possible, copied, and thrown away.
 */
import { t } from "../texts.js";
import { html, useState } from "../vendor/preact.js";
import { useParts, useShown } from "./store.js";

export function BegunTexts() {
  const { draft, aside } = useShown();
  const all = [...(draft ? [draft] : []), ...aside];
  if (!all.length) return null;
  return html`
    <section class="begun" aria-labelledby="begun">
      <h2 id="begun">${t("Texts that you have begun")}</h2>
      <ul>${all.map((each) => html`<${BegunText} key=${each.id} draft=${each} />`)}</ul>
    </section>
  `;
}

/** @param {{ draft: import("./state.js").Draft }} props */
function BegunText({ draft }) {
  const { keeping } = useParts();
  const { channels, busy } = useShown();
  const [asked, ask] = useState(false);
  const channel = channels.find((each) => each.compartment === draft.compartment);
  const label = channel
    ? t("Begun in {codename}, not saved", { codename: channel.codename })
    : t("Begun in a case that you are in no more, not saved");
  const named = `begun-${draft.id}`;
  const field = () => /** @type {HTMLTextAreaElement} */ (document.getElementById(named));
  async function goOn() {
    if (!channel) return;
    keeping.goOn(draft);
    await keeping.choose(channel);
  }
  return html`
    <li class="field">
      <label for=${named}>${label}</label>
      <textarea id=${named} readonly rows="4" spellcheck=${false} value=${draft.text}></textarea>
      ${asked && draft.sent.length > 0 && html`<p class="urgent">${t("It was sent before, and may stand in the records already. Throwing it away takes nothing out of them.")}</p>`}
      <div class="buttons">
        ${channel && html`<button type="button" disabled=${busy !== ""} onClick=${goOn}>${t("Go on writing it")}</button>`}
        <button type="button" onClick=${() => { field().focus(); field().select(); }}>${t("Select all of it, to copy")}</button>
        ${asked
          ? html`
              <button type="button" class="danger" disabled=${busy !== ""} onClick=${() => keeping.throwAway(draft)}>${t("Throw the text away")}</button>
              <button type="button" onClick=${() => ask(false)}>${t("Keep it")}</button>
            `
          : html`<button type="button" onClick=${() => ask(true)}>${t("Throw it away…")}</button>`}
      </div>
    </li>
  `;
}
