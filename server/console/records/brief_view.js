/** The brief of a way: begun by what is usual for its kind; and below one that stands, what of it is not filled in. */
import { spoken, wayKinds } from "../rare/way_kinds.js";
import { t } from "../texts.js";
import { html, useEffect, useState } from "../vendor/preact.js";
import { begun } from "./drafts.js";
import { BRIEF, blank, emptyIn } from "./briefs.js";
import { useParts, useShown } from "./store.js";

/** @typedef {import("../rare/way_kinds.js").WayKinds} WayKinds */

/** @returns {{ kinds: WayKinds | "coming" | "failed", come: () => Promise<void> }} which are asked for when somebody needs them */
function useKinds() {
  const [kinds, know] = useState(/** @type {WayKinds | "coming" | "failed"} */ ("coming"));
  const come = async () => {
    know("coming");
    know(await wayKinds(fetch).catch(() => "failed"));
  };
  return { kinds, come };
}

/** A button that becomes the choice of a kind: which one is told to nobody. */
export function BeginBrief() {
  const { keeping, store, ways } = useParts();
  const { shown } = useShown();
  const { kinds, come } = useKinds();
  const [asked, ask] = useState(false);
  const [chosen, choose] = useState("");
  const [codenames, know] = useState(/** @type {string[]} */ ([]));
  const [codename, name] = useState("");
  if (!shown) return null;
  const open = () => {
    ask(true);
    void come();
    // Without them it can be written all the same.
    void ways().then((found) => know(found.filter((each) => each.compartment === shown.channel.compartment).map((each) => each.codename)), () => know([]));
  };
  if (!asked) return html`<button type="button" onClick=${open}>${t("Write the brief of a way…")}</button>`;
  if (kinds === "coming") return html`<p role="status">${t("One moment…")}</p>`;
  if (kinds === "failed") {
    return html`<p class="notice" role="alert">${t("What is usual for ways could not be fetched. Check the connection.")}${" "}<button type="button" onClick=${open}>${t("Try again")}</button></p>`;
  }
  function begin() {
    const { kinds: all } = /** @type {WayKinds} */ (kinds);
    const kind = all.find((each) => each.kind === chosen);
    if (!kind || !shown) return;
    keeping.goOn({ ...begun(shown.channel.compartment), kind: BRIEF, text: blank(/** @type {WayKinds} */ (kinds), kind, codename) });
    store.set({ done: "", trouble: null });
  }
  return html`
    <div class="field" role="group" aria-label=${t("Write the brief of a way")}>
      <label for="brief-way">${t("Which way, by its codename")}</label>
      <select id="brief-way" value=${codename} onChange=${(/** @type {any} */ event) => name(event.currentTarget.value)}>
        <option value="">${t("one that is not planned yet")}</option>
        ${codenames.map((each) => html`<option key=${each} value=${each}>${each}</option>`)}
      </select>
      <label for="brief-kind">${t("Kind of way (it stays in this browser)")}</label>
      <select id="brief-kind" value=${chosen} onChange=${(/** @type {any} */ event) => choose(event.currentTarget.value)}>
        <option value="">${t("choose")}</option>
        ${kinds.kinds.map((each) => html`<option key=${each.kind} value=${each.kind}>${spoken(each.name)}</option>`)}
      </select>
      <div class="buttons">
        <button type="button" disabled=${!chosen} onClick=${begin}>${t("Begin the brief")}</button>
        <button type="button" onClick=${() => ask(false)}>${t("Cancel")}</button>
      </div>
    </div>
  `;
}

/** @param {{ text: string }} props of a brief that stands */
export function Lacks({ text }) {
  const { kinds, come } = useKinds();
  useEffect(() => void come(), []);
  if (kinds === "coming") return null;
  if (kinds === "failed") return html`<p class="of">${t("Whether it is filled in could not be looked at. Open the record again later.")}</p>`;
  const empty = emptyIn(kinds, text);
  if (!empty.length) return html`<p class="of">${t("The brief is filled in.")}</p>`;
  return html`<div class="notice"><p>${t("Nothing stands under:")}</p><ul>${empty.map((each) => html`<li key=${each}>${each}</li>`)}</ul></div>`;
}
