/** One record: its current version, or all of those that were written at once, side by side. */
import { t } from "../texts.js";
import { MOST_FOLLOWED } from "../vault/records.js";
import { html, useState } from "../vendor/preact.js";
import { isKeptByPrograms } from "./briefs.js";
import { begun } from "./drafts.js";
import { currentOf, recordOf, shown as versionsOf } from "./opening.js";
import { aboutWords } from "./about.js";
import { Age, isForReadingOnly } from "./age.js";
import { HistoryView } from "./history_view.js";
import { useParts, useShown } from "./store.js";
import { hasForm, VersionText } from "./version_text.js";

export function RecordView() {
  const { keeping, store } = useParts();
  const { shown, record } = useShown();
  const [isPast, look] = useState(false);
  if (!shown || !record) return null;
  if (isPast) return html`<${HistoryView} shown=${shown} record=${record} back=${() => look(false)} />`;
  const { compartment } = shown.channel;
  const current = currentOf(shown.compartment, record);
  const barred = versionsOf(shown.compartment).filter((each) => each.quarantined && recordOf(each) === record);
  const texts = current.map((each) => shown.opened.get(each.hash));
  const readable = texts.length > 0 && texts.every((each) => each && !each.refused);
  // Whoever typed over it would break what others work with.
  const kept = current.some(({ deed, hash }) => isKeptByPrograms(deed.kind, shown.opened.get(hash)?.text ?? ""));
  const conflict = current.length > 1;
  // What the form says is told to the server with it, which a text alone does not do.
  const formed = current.find(({ deed }) => hasForm(deed.kind));
  function begin() {
    // What it does not follow stands beside it, and was read all the same.
    const text = texts.slice(0, MOST_FOLLOWED).map((each) => each?.text ?? "").join("\n\n");
    const kind = /** @type {string} */ (current.at(-1)?.deed.kind ?? "note");
    const names = current.map((each) => each.hash);
    const [follows, beside] = [names.slice(0, MOST_FOLLOWED), names.slice(MOST_FOLLOWED)];
    keeping.goOn({ ...begun(compartment, { record: /** @type {string} */ (record), kind, follows, text }), beside });
    store.set({ done: "", trouble: null });
  }
  return html`
    <h1>${t("Record of {codename}", { codename: shown.channel.codename })}</h1>
    ${conflict && html`<p class="notice">${t("CONFLICT: several people wrote at once. Nothing is lost: read each version, then write one that holds what is right.")}</p>`}
    ${current.length > MOST_FOLLOWED && html`
      <p class="notice">${t("At most {most} versions can be brought together at once: the first {most} here. {count} more stand beside what you write, to be brought together with it next.", { most: MOST_FOLLOWED, count: current.length - MOST_FOLLOWED })}</p>
    `}
    <${Age} shown=${shown} />
    <div class="one-record">
      ${current.map((each, nth) => html`
        <article key=${each.hash} class="version" aria-label=${conflict ? t("Version {number} of {count}", { number: nth + 1, count: current.length }) : t("Version")}>
          <p class="of">${aboutWords(shown, each)}</p>
          <${VersionText} shown=${shown} opened=${texts[nth]} />
        </article>
      `)}
      ${barred.map((each) => html`
        <article key=${each.hash} class="version" aria-label=${t("Not counted")}>
          <p class="mark">${t("NOT COUNTED: {who}. Its author had been removed before it was placed. It replaces nothing.", { who: aboutWords(shown, each) })}</p>
        </article>
      `)}
    </div>
    ${formed && html`<p class="of">${t("It is written at the command line: {command}", { command: formed.deed.kind === "plan" ? "streha plan put" : "streha assess put, streha assess countersign" })}</p>`}
    <div class="buttons">
      ${readable && !formed && !kept && !isForReadingOnly(shown) && html`<button type="button" onClick=${begin}>${conflict ? t("Write one version of them") : t("Write the next version")}</button>`}
      <button type="button" onClick=${() => look(true)}>${t("History, and for a court")}</button>
      <button type="button" onClick=${() => store.set({ record: null, done: "", trouble: null })}>${t("Back to the records")}</button>
    </div>
  `;
}
