/** Which records there are: the cases of this person, and what stands in one of them. */
import { t } from "../texts.js";
import { html } from "../vendor/preact.js";
import { aboutWords, kindWords } from "./about.js";
import { Age, isForReadingOnly } from "./age.js";
import { BegunTexts } from "./begun_texts.js";
import { BindingView } from "./binding_view.js";
import { BeginBrief } from "./brief_view.js";
import { isKeptByPrograms } from "./briefs.js";
import { begun } from "./drafts.js";
import { Editor } from "./editor.js";
import { Kept } from "./kept_view.js";
import { currentOf, recordOf, shown as versionsOf } from "./opening.js";
import { RecordView } from "./record_view.js";
import { useParts, useShown } from "./store.js";
import { troubleWords } from "./trouble_words.js";
import { hasForm } from "./version_text.js";

/** @typedef {import("../vault/records.js").Version} Version */

const LONGEST_LINE = 90;

export function ChoiceScreen() {
  const { keeping } = useParts();
  const { channels, busy, draft, aside } = useShown();
  const writing = new Set([draft, ...aside].map((each) => each?.compartment));
  const inOrder = [...channels].sort((one, other) => one.codename.localeCompare(other.codename));
  return html`
    <h1>${t("Records")}</h1>
    ${channels.length === 0 && html`<p>${t("You are in no case now.")}</p>`}
    <ul class="choices">
      ${inOrder.map((each) => html`
        <li key=${each.compartment}>
          <button type="button" disabled=${busy !== ""} onClick=${() => keeping.choose(each)}>
            <strong>${each.codename}</strong>
            ${writing.has(each.compartment) && html`<span class="mark">${t("You were writing here")}</span>`}
          </button>
        </li>
      `)}
    </ul>
    <${BegunTexts} />
    <${BindingView} />
  `;
}

export function CompartmentScreen() {
  const { keeping, store } = useParts();
  const { shown, record, draft, busy } = useShown();
  if (!shown) return null;
  if (draft?.compartment === shown.channel.compartment) return html`<${Editor} />`;
  if (record) return html`<${RecordView} />`;
  const { compartment, channel } = shown;
  /** All that is to be shown of each record. @type {Map<string, Version[]>} */
  const records = new Map();
  for (const each of versionsOf(compartment)) records.set(recordOf(each), [...(records.get(recordOf(each)) ?? []), each]);
  function begin() {
    keeping.goOn(begun(channel.compartment));
    store.set({ done: "", trouble: null });
  }
  return html`
    <h1>${t("Records of {codename}", { codename: channel.codename })}</h1>
    <${Age} shown=${shown} />
    <${Kept} shown=${shown} />
    ${shown.epochKey?.refused && html`
      <section class="notice" role="alert">
        <p>${t("The newest key of these records was refused. What older keys open is shown; nothing can be written.")}</p>
        <p>${troubleWords({ outcome: shown.epochKey.refused, failure: null })}</p>
      </section>
    `}
    <div class="buttons">
      ${!isForReadingOnly(shown) && html`<button type="button" onClick=${begin}>${t("Write a new record")}</button><${BeginBrief} />`}
      <button type="button" disabled=${busy !== ""} onClick=${() => keeping.choose(channel)}>${t("Look for news")}</button>
      <button type="button" onClick=${() => store.set({ shown: null, done: "", trouble: null })}>${t("Other cases")}</button>
    </div>
    ${records.size === 0 && html`<p>${t("There is no record here yet.")}</p>`}
    <ul class="choices">${[...records].map(([each, versions]) => html`<${Row} key=${each} record=${each} versions=${versions} />`)}</ul>
  `;
}

/** @param {{ record: string, versions: Version[] }} props */
function Row({ record, versions }) {
  const { store } = useParts();
  const { shown } = useShown();
  if (!shown) return null;
  const { compartment } = shown;
  const current = currentOf(compartment, record);
  const barred = versions.filter((each) => each.quarantined);
  const newest = /** @type {Version} */ (current.at(-1) ?? barred[0]);
  return html`
    <li>
      <button type="button" onClick=${() => store.set({ record, done: "", trouble: null })}>
        <strong>${firstLine(shown, newest)}</strong>
        <span class="of">${aboutWords(shown, newest)}</span>
        ${current.length > 1 && html`<span class="mark">${t("CONFLICT: {count} versions were written at once", { count: current.length })}</span>`}
        ${barred.length > 0 && html`<span class="mark">${t("Somebody wrote here after they were removed: not counted")}</span>`}
      </button>
    </li>
  `;
}

/** @param {import("./state.js").Shown} shown @param {Version} version */
function firstLine({ opened }, version) {
  const found = opened.get(version.hash);
  if (!found) return t("Not opened");
  if (found.refused) return troubleWords({ outcome: found.refused, failure: null });
  if (hasForm(version.deed.kind)) return kindWords(version.deed.kind);
  if (isKeptByPrograms(version.deed.kind, found.text)) return t("Kept by a program");
  const [line = ""] = found.text.trim().split("\n");
  if (!line) return t("Without any words");
  return [...line].length > LONGEST_LINE ? `${[...line].slice(0, LONGEST_LINE).join("")}…` : line;
}
