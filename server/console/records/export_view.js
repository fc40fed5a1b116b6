/** Versions of a record taken out for a court: which, why, and what is given away with them. */
import { t } from "../texts.js";
import { html, useState } from "../vendor/preact.js";
import { isCurrent } from "./past.js";
import { LONGEST_REASON, MOST_VERSIONS, reasonOf } from "./exporting.js";
import { useParts, useShown } from "./store.js";

/** @typedef {import("../vault/records.js").Version} Version */

/** A name that tells nothing. */
const FILE = "for-the-court.streha";

/** @param {{ versions: Version[], names: Map<string, string> }} props those that were opened here: nobody hands over what they have not read */
export function ExportForm({ versions, names }) {
  const { past } = useParts();
  const { shown, busy } = useShown();
  const [asked, ask] = useState(false);
  const [left, leave] = useState(/** @type {ReadonlySet<string> | null} */ (null));
  const [reason, because] = useState("");
  const [made, done] = useState(false);
  if (!shown) return null;
  // What holds now, until somebody chooses.
  const without = left ?? new Set(versions.filter((each) => !isCurrent(shown.compartment, each)).map(({ hash }) => hash));
  const chosen = versions.filter(({ hash }) => !without.has(hash));
  const given = reasonOf(reason);
  const unready = busy !== "" || chosen.length === 0 || chosen.length > MOST_VERSIONS || given === "" || [...given].length > LONGEST_REASON;
  /** @param {string} hash */
  function turn(hash) {
    const next = new Set(without);
    if (!next.delete(hash)) next.add(hash);
    leave(next);
  }
  /** @param {Event} event */
  async function make(event) {
    event.preventDefault();
    done(false);
    const bytes = await past.takeOut(chosen, reason);
    if (!bytes) return;
    handOver(bytes);
    because("");
    done(true);
  }
  if (!asked) return html`<div class="buttons"><button type="button" disabled=${busy !== ""} onClick=${() => ask(true)}>${t("Take it out for a court…")}</button></div>`;
  return html`
    <section class="changes" aria-labelledby="export">
      <h2 id="export">${t("Take it out for a court")}</h2>
      <p class="notice">${t("Whoever has the file can read these versions, the names and roles of everybody in the network's directory, and who was in the case and when. Give it by hand. That you made it, and of what, is in the ledger.")}</p>
      <form class="editor" onSubmit=${make}>
        <fieldset>
          <legend>${t("Versions that you have opened")}</legend>
          ${versions.map(({ hash }) => html`
            <p key=${hash}><label><input type="checkbox" checked=${!without.has(hash)} onChange=${() => turn(hash)} /> ${names.get(hash)}</label></p>
          `)}
        </fieldset>
        <div class="field">
          <label for="reason">${t("Why: the court's order, with its number")}</label>
          <textarea id="reason" rows="3" autocomplete="off" spellcheck=${false} value=${reason} aria-describedby="in-the-file" onInput=${(/** @type {any} */ event) => because(event.currentTarget.value)}></textarea>
        </div>
        <p id="in-the-file" class="of">${t("It stands in the file, signed by you. At most {most} characters.", { most: LONGEST_REASON })}</p>
        <div class="buttons">
          <button type="submit" disabled=${unready}>${t("Make the file")}</button>
          <button type="button" onClick=${() => ask(false)}>${t("Do not make it")}</button>
        </div>
      </form>
      <p role="status">${made && t("The file was made, and is where this browser puts files. The court checks it with streha record verify, and the network's fingerprint on paper. Delete it here once it was handed over.")}</p>
    </section>
  `;
}

/** @param {Uint8Array} bytes */
function handOver(bytes) {
  const address = URL.createObjectURL(new Blob([/** @type {Uint8Array<ArrayBuffer>} */ (bytes)], { type: "application/octet-stream" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = FILE;
  link.click();
  // It is read after this; a minute is enough, and then nobody can ask this page for it.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
