/** The history of one record: who wrote what when, what became of it, each version when it is asked for, and what changed. */
import { t } from "../texts.js";
import { html, useEffect, useState } from "../vendor/preact.js";
import { aboutWords } from "./about.js";
import { difference } from "./comparing.js";
import { ExportForm } from "./export_view.js";
import { historyOf, isCurrent } from "./past.js";
import { useParts, useShown } from "./store.js";
import { VersionText } from "./version_text.js";

/** @typedef {import("../vault/records.js").Version} Version */
/** @typedef {import("./state.js").Shown} Shown */

/** @param {{ shown: Shown, record: string, back: () => void }} props */
export function HistoryView({ shown, record, back }) {
  const { past } = useParts();
  const { busy } = useShown();
  useEffect(() => document.getElementById("history")?.focus(), []);
  const versions = historyOf(shown.compartment, record);
  const erased = shown.compartment.records.erased.has(record);
  const counted = versions.filter((each) => !each.quarantined);
  const names = new Map(versions.map((each, nth) => [each.hash, t("Version {number} of {count}", { number: nth + 1, count: versions.length })]));
  return html`
    <h1 id="history" tabindex="-1">${t("History of a record of {codename}", { codename: shown.channel.codename })}</h1>
    ${erased && html`<p class="notice">${t("ERASED. Nobody can open any version of it any more.")}</p>`}
    <p class="of">${t("Versions that are past are fetched when you open them, and the ledger says that you did.")}</p>
    <div class="one-record">
      ${versions.map((each) => html`
        <article key=${each.hash} class="version" aria-label=${names.get(each.hash)}>
          <h2>${names.get(each.hash)}</h2>
          <p class="of">${aboutWords(shown, each)}</p>
          <p class="mark">${stateWords(shown, each)}</p>
          ${shown.opened.has(each.hash) && html`<${VersionText} shown=${shown} opened=${shown.opened.get(each.hash)} />`}
          ${!erased && !each.quarantined && shown.opened.get(each.hash)?.refused !== "" && html`
            <button type="button" disabled=${busy !== ""} onClick=${() => past.open([each])}>${t("Open this version")}</button>
          `}
        </article>
      `)}
    </div>
    ${!erased && counted.length > 1 && html`<${Changes} shown=${shown} versions=${counted} names=${names} />`}
    ${!erased && html`<${ExportForm} versions=${counted.filter((each) => shown.opened.get(each.hash)?.refused === "")} names=${names} />`}
    <div class="buttons"><button type="button" onClick=${back}>${t("Back to the record")}</button></div>
  `;
}

/** @param {Shown} shown @param {Version} version */
function stateWords({ compartment }, version) {
  if (version.quarantined) return t("NOT COUNTED: its author had been removed before it was placed");
  return isCurrent(compartment, version) ? t("This holds now") : t("Replaced by a later version");
}

/** @param {{ shown: Shown, versions: Version[], names: Map<string, string> }} props those that stand at once are compared at first, or the last two */
function Changes({ shown, versions, names }) {
  const { past } = useParts();
  const { busy } = useShown();
  const current = versions.filter((each) => isCurrent(shown.compartment, each));
  const [first, second] = current.length > 1 ? current : versions.slice(-2);
  const [one, from] = useState(first?.hash ?? "");
  const [other, to] = useState(second?.hash ?? "");
  const [asked, ask] = useState(false);
  const texts = [one, other].map((hash) => shown.opened.get(hash));
  const open = texts.every((each) => each?.refused === "");
  /** @param {Event} event */
  async function compare(event) {
    event.preventDefault();
    await past.open(versions.filter(({ hash }) => hash === one || hash === other));
    ask(true);
  }
  const choice = (/** @type {string} */ id, /** @type {string} */ label, /** @type {string} */ chosen, /** @type {(hash: string) => void} */ choose) => html`
    <div class="field">
      <label for=${id}>${label}</label>
      <select id=${id} value=${chosen} onChange=${(/** @type {any} */ event) => { choose(event.currentTarget.value); ask(false); }}>
        ${versions.map(({ hash }) => html`<option key=${hash} value=${hash}>${names.get(hash)}</option>`)}
      </select>
    </div>
  `;
  return html`
    <section class="changes" aria-labelledby="changes">
      <h2 id="changes">${t("What changed")}</h2>
      <form class="field" onSubmit=${compare}>
        ${choice("from-version", t("From version"), one, from)}
        ${choice("to-version", t("To version"), other, to)}
        <div class="buttons"><button type="submit" disabled=${busy !== "" || one === other}>${t("Show what changed")}</button></div>
      </form>
      <div role="status">
        ${asked && !open && html`<p class="notice">${t("They cannot be compared: one of them could not be opened.")}</p>`}
        ${asked && open && html`<${Lines} lines=${difference(texts[0]?.text ?? "", texts[1]?.text ?? "", ["", ""]).slice(2)} />`}
      </div>
    </section>
  `;
}

/** @param {{ lines: string[] }} props as `diff -u` writes them, without its first two: words say what is gone and what came, not colours */
function Lines({ lines }) {
  if (!lines.length) return html`<p>${t("Nothing changed.")}</p>`;
  /** @type {{ sign: string, lines: string[] }[]} */
  const blocks = [];
  for (const line of lines) {
    const [sign = " "] = line;
    if (blocks.at(-1)?.sign === sign && sign !== "@") blocks.at(-1)?.lines.push(line.slice(1));
    else blocks.push({ sign, lines: sign === "@" ? [] : [line.slice(1)] });
  }
  return html`
    <div class="one-record">
      ${blocks.map(({ sign, lines: found }, nth) => {
        const text = html`<span class="text">${found.join("\n")}</span>`;
        if (sign === "-") return html`<div key=${nth}><p class="mark">${t("Taken out:")}</p><del>${text}</del></div>`;
        if (sign === "+") return html`<div key=${nth}><p class="mark">${t("Put in:")}</p><ins>${text}</ins></div>`;
        if (sign === "@") return nth > 0 && html`<hr key=${nth} />`;
        return html`<p key=${nth} class="text of">${text}</p>`;
      })}
    </div>
  `;
}
