/** The frame of the page: where one is, the way back to the board, locking, the language, and the screen that fits. */
import { Guarded } from "../guarded.js";
import { LANGUAGES, language, t } from "../texts.js";
import { html, useEffect, useState } from "../vendor/preact.js";
import { JoiningScreen } from "./joining_view.js";
import { OfferView } from "./offer_view.js";
import { ProofView } from "./proof_view.js";
import { useParts, useShown } from "./store.js";
import { NoKeysScreen, SignedOutScreen, UnlockScreen } from "./way_in.js";
import { ChoiceScreen, CompartmentScreen } from "./shelves.js";
import { troubleWords } from "./trouble_words.js";

export function Page() {
  const { keeping, offers } = useParts();
  const { stage, language: spoken, shown, record, draft, trouble, busy, done, offer, link, joining } = useShown();
  const place = [stage, shown?.channel.compartment, record, draft?.compartment, Boolean(offer), joining?.step].join();
  // Whoever does not look is told where they are now by where the focus is.
  useEffect(() => document.getElementById("main")?.focus(), [place]);
  const open = stage === "unlocked";
  return html`
    <div key=${spoken} class="page records-page">
      <header>
        <p class="brand">${t("Streha")}</p>
        <nav aria-label=${t("Screens")}><a href="/console/">${t("Board and alarm")}</a></nav>
        <div class="switches">
          ${open && html`<button type="button" onClick=${keeping.lockEverywhere}>${t("Lock now")}</button>`}
          <${Languages} />
        </div>
      </header>
      <main id="main" tabindex="-1">
        ${trouble && html`<p class="notice" role="alert">${troubleWords(trouble, stage === "locked")}</p>`}
        ${trouble?.outcome === "forked" && html`<${ProofView} />`}
        ${link && html`<p><button type="button" disabled=${busy !== ""} onClick=${offers.again}>${t("Try the link again")}</button></p>`}
        <p role="status" class=${busy || done ? "" : "unseen"}>${busyWords(busy) || doneWords(done)}</p>
        <${Guarded} key=${place}>
          ${offer ? html`<${OfferView} />` : html`<${Screen} />`}
        <//>
      </main>
    </div>
  `;
}

function Screen() {
  const { stage, shown } = useShown();
  switch (stage) {
    case "signed_out": return html`<${SignedOutScreen} />`;
    case "no_keys": return html`<${NoKeysScreen} />`;
    case "joining": return html`<${JoiningScreen} />`;
    case "locked": return html`<${UnlockScreen} />`;
    case "unlocked": return shown ? html`<${CompartmentScreen} />` : html`<${ChoiceScreen} />`;
    default: return null;
  }
}

function Languages() {
  const { speak } = useParts();
  const [failed, fail] = useState(false);
  /** @param {HTMLSelectElement} select */
  async function choose(select) {
    fail(!(await speak(select.value)));
    select.value = language();
  }
  return html`
    <div class="field language">
      <label for="language">${t("Language")}</label>
      <select id="language" value=${language()} onChange=${(/** @type {any} */ event) => choose(event.currentTarget)}>
        ${Object.entries(LANGUAGES).map(([code, name]) => html`<option key=${code} value=${code} lang=${code}>${name}</option>`)}
      </select>
      ${failed && html`<p class="urgent">${t("The language could not be changed. Check the connection.")}</p>`}
    </div>
  `;
}

/** @param {import("./state.js").State["busy"]} busy */
function busyWords(busy) {
  switch (busy) {
    case "linking": return t("Taking up the link…");
    case "locking": return t("Locking your keys and offering them. This takes some seconds…");
    case "unlocking": return t("Unlocking. This takes some seconds…");
    case "opening": return t("Fetching and checking everything…");
    case "saving": return t("Checking and saving…");
    case "removing": return t("Removing…");
    case "making": return t("Asking your device for a new passkey…");
    case "binding": return t("Asking your device, then locking the keys anew. This takes some seconds…");
    default: return "";
  }
}

/** @param {import("./state.js").State["done"]} done */
function doneWords(done) {
  switch (done) {
    case "saved": return t("Saved. The members of this case can read it.");
    case "locked": return t("Locked. Nothing can be read here any more.");
    case "made": return t("The passkey is made, and signs you in on the board too. Now bind the keys to it.");
    case "bound": return t("Done. From now on this browser opens the records with the passkey and your passphrase together.");
    case "settled": return t("Forgotten here. The next look fetches and checks everything anew.");
    case "joined": return t("You are attested, and the network is the one of your paper. Destroy the paper now, and unlock.");
    case "removed": return t("The keys are removed from this browser.");
    default: return "";
  }
}
