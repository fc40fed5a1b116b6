/** Writing a version of a record. What is typed is read by nobody until it is sealed. */
import { serverNow } from "../clock.js";
import { t } from "../texts.js";
import { html, useState } from "../vendor/preact.js";
import { aboutWords } from "./about.js";
import { begun } from "./drafts.js";
import { currentOf } from "./opening.js";
import { readersOf } from "./people.js";
import { useParts, useShown } from "./store.js";
import { VersionText } from "./version_text.js";

const LONGEST_TEXT = 1_048_576;

export function Editor() {
  const { store, keeping } = useParts();
  const { shown, draft, busy } = useShown();
  const [asked, ask] = useState(false);
  if (!draft || !shown) return null;
  const { codename } = shown.channel;
  const next = draft.follows.length > 0;
  const erased = shown.compartment.records.erased.has(draft.record);
  // What came since it was begun: its author reads it first, and decides what becomes of both.
  const newer = currentOf(shown.compartment, draft.record).filter(({ hash }) => ![...draft.follows, ...(draft.beside ?? [])].includes(hash));
  const tooLong = new TextEncoder().encode(draft.text).length > LONGEST_TEXT;
  const unready = busy !== "" || tooLong || draft.text.trim() === "";
  const seen = newer.map(({ hash }) => hash);
  const readable = newer.every(({ hash }) => shown.opened.get(hash)?.refused === "");
  /** @param {string} text */
  const type = (text) => keeping.typed({ ...draft, text });
  /** @param {boolean} replaces */
  const save = (replaces) => keeping.save({ seen, replaces });
  const anew = () => store.set({ draft: { ...begun(draft.compartment), id: draft.id, kind: draft.kind, text: draft.text }, trouble: null });
  const plain = !erased && newer.length === 0;
  return html`
    <h1>${next ? t("Next version, in {codename}", { codename }) : t("New record, in {codename}", { codename })}</h1>
    ${erased && html`<p class="notice">${t("This record was erased. Your text can become a new record, or be thrown away.")}</p>`}
    ${newer.length > 0 && html`
      <section class="one-record" aria-labelledby="newer">
        <h2 id="newer">${t("Written meanwhile by somebody else")}</h2>
        ${newer.map((each) => html`
          <article key=${each.hash} class="version" aria-label=${t("Newer version")}>
            <p class="of">${aboutWords(shown, each)}</p>
            <${VersionText} opened=${shown.opened.get(each.hash)} />
          </article>
        `)}
      </section>
    `}
    <form class="editor" onSubmit=${(/** @type {Event} */ event) => { event.preventDefault(); if (plain) void save(false); }}>
      <div class="field">
        <label for="text">${t("Text")}</label>
        <textarea
          id="text" value=${draft.text} autocomplete="off" autocapitalize="sentences" spellcheck=${false}
          aria-describedby="who-reads" disabled=${busy !== ""}
          onInput=${(/** @type {any} */ event) => type(event.currentTarget.value)}
        ></textarea>
      </div>
      <p id="who-reads" class="of">
        ${t("It is sealed here. Only members of this case can read it; the server cannot.")}${" "}
        ${t("They are: {people}.", { people: readersOf(shown.compartment, Math.floor(serverNow() / 1000)).join(", ") })}
      </p>
      <${Laid} />
      ${tooLong && html`<p class="urgent">${t("This is longer than one record can be (1 MiB). Divide it.")}</p>`}
      ${asked && draft.sent.length > 0 && html`<p class="urgent">${t("It was sent before, and may stand in the records already. Throwing it away takes nothing out of them.")}</p>`}
      <div class="buttons">
        ${plain && html`<button type="submit" disabled=${unready}>${t("Seal and save")}</button>`}
        ${newer.length > 0 && next && html`<button type="button" disabled=${unready} onClick=${() => save(false)}>${t("Save beside it: both stand")}</button>`}
        ${newer.length > 0 && readable && html`<button type="button" disabled=${unready} onClick=${() => save(true)}>${t("Save in its place: mine holds what is right of both")}</button>`}
        ${(erased || (newer.length > 0 && !next)) && html`<button type="button" disabled=${unready} onClick=${anew}>${t("Make it a new record")}</button>`}
        ${asked
          ? html`
              <button type="button" class="danger" disabled=${busy !== ""} onClick=${() => keeping.throwAway(draft)}>${t("Throw the text away")}</button>
              <button type="button" onClick=${() => ask(false)}>${t("Go on writing")}</button>
            `
          : html`<button type="button" disabled=${busy !== ""} onClick=${() => ask(true)}>${t("Do not save…")}</button>`}
      </div>
    </form>
  `;
}

/** Whether what is typed would outlast this page. What is kept is not announced: whoever listens is writing. */
function Laid() {
  const { draft, laid } = useShown();
  if (!draft || laid?.id !== draft.id) return null;
  if (!laid.done) return html`<p class="urgent" role="status">${t("This browser keeps no texts: what you write here is lost when the page goes. Save it soon.")}</p>`;
  return laid.text === draft.text && html`<p class="of">${t("Kept on this device, sealed. Nobody else has it yet.")}</p>`;
}
