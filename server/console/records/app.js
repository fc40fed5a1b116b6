/** Starts the page of sealed records: takes what a link hands over, and draws the screen that fits. */
import { Failure } from "../api.js";
import { clock } from "../clock.js";
import { hearTabs } from "../tabs.js";
import { firstLanguage, language, speak } from "../texts.js";
import { html, render } from "../vendor/preact.js";
import { createBinding } from "./binding.js";
import { createEntering } from "./entering_with_keys.js";
import { createForms } from "./forms.js";
import { createJoining } from "./joining.js";
import { createKeeping } from "./keeping.js";
import { locksmith } from "./locksmith.js";
import { createLookingBack } from "./looking_back.js";
import { openMemory } from "./memory.js";
import { createOffers } from "./offers.js";
import { createProving } from "./proving.js";
import { Page } from "./page.js";
import { createStore, PartsContext } from "./store.js";
import { createVaultApi } from "./vault_api.js";

/** The words of this page lie beside it. @type {typeof globalThis.fetch} */
const fetchWords = (path, options) => fetch(String(path).replace("/texts/", "/records/texts/"), options);

async function start() {
  // Before anything else: nothing of a link stays in the address or in the history.
  let link = taken();
  const api = createVaultApi({ fetch: globalThis.fetch.bind(globalThis), clock });
  await speak(firstLanguage(remembered(), navigator.languages), fetchWords);
  document.documentElement.lang = language();
  const store = createStore({
    stage: "starting", language: language(), busy: "", trouble: null, offer: null, joining: null, link: "", channels: [], shown: null, record: null, draft: null,
    aside: [], laid: null, kept: 0, done: "",
  });
  const memory = await openMemory(indexedDB).catch(() => null);
  if (!memory) store.set({ stage: "no_keys", trouble: { outcome: "memory-unavailable", failure: null } });
  const random = (/** @type {number} */ length) => crypto.getRandomValues(new Uint8Array(length));
  const means = { api, clock, memory: /** @type {any} */ (memory), locksmith, random, origin: location.origin };
  const keeping = createKeeping(means, store);
  const offers = createOffers(means, store, keeping);
  const joining = createJoining(means, store, keeping);
  draw({
    store, keeping, offers, joining, binding: createBinding(means, store, keeping), proving: createProving(means, store),
    past: createLookingBack(means, store, keeping), entering: createEntering(means, store, keeping), forms: createForms(globalThis.fetch.bind(globalThis)),
    ways: api.ways,
  });
  // A link that is put into the address of the open page.
  let begin = (/** @type {string} */ found) => void (link = found);
  addEventListener("hashchange", () => {
    const found = taken();
    if (found) begin(found);
  });
  if (!memory) return;
  begin = (found) => void offers.begin(found);
  if (link) await offers.begin(link);
  const kept = await memory.pairing();
  // Nobody types a passphrase only to be told that they have to sign in with it first.
  if (store.get().stage === "starting") store.set({ stage: kept ? await stageWith(api.board) : "no_keys" });
  // Whoever waits to be attested is shown how far it is; but first what was wrong with a link.
  if (store.get().stage === "no_keys" && !store.get().trouble && (await memory.joining())) await joining.begin();
}

/** Where it is not known whether somebody is signed in, unlocking tells. @param {() => Promise<unknown>} board @returns {Promise<"locked" | "signed_out">} */
async function stageWith(board) {
  try {
    await board();
  } catch (error) {
    if (error instanceof Failure && error.status === 401) return "signed_out";
  }
  return "locked";
}

/** @returns {string} what stands behind the `#`; it stands there no more */
function taken() {
  const { hash } = location;
  if (hash) history.replaceState(null, "", location.pathname);
  return hash;
}

/** @param {Omit<import("./store.js").Parts, "speak">} made */
function draw(made) {
  const { store, keeping, joining } = made;
  for (const event of ["pointerdown", "keydown"]) addEventListener(event, keeping.used, { capture: true, passive: true });
  document.addEventListener("visibilitychange", () => keeping.sight(document.visibilityState === "visible"));
  // A machine that slept: before anybody sees anything.
  for (const event of ["focus", "pageshow"]) addEventListener(event, keeping.wake);
  document.addEventListener("resume", keeping.wake);
  document.addEventListener("freeze", keeping.lock);
  // Back from the browser's own memory of pages nothing may be open.
  addEventListener("pagehide", keeping.lock);
  addEventListener("pagehide", joining.leave);
  hearTabs((word) => (word === "signed-out" ? keeping.signedOut() : keeping.lock()));
  addEventListener("beforeunload", (event) => keeping.holdsDraft() && event.preventDefault());
  const parts = { ...made, speak: change };

  /** @param {string} chosen */
  async function change(chosen) {
    const done = await speak(chosen, fetchWords);
    if (done) remember(language());
    document.documentElement.lang = language();
    store.set({ language: language() });
    return done;
  }

  const root = /** @type {HTMLElement} */ (document.getElementById("app"));
  root.replaceChildren();
  render(html`<${PartsContext.Provider} value=${parts}><${Page} /><//>`, root);
}

/** Storage may be forbidden altogether; then the language is asked for anew each time. */
function remembered() {
  try {
    return localStorage.getItem("language");
  } catch {
    return null;
  }
}

/** @param {string} chosen */
function remember(chosen) {
  try {
    localStorage.setItem("language", chosen);
  } catch {
    // See above.
  }
}

void start();
