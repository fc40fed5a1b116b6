/** Starts the page of sealed records: takes what a link hands over, and draws the screen that fits. */
import { clock } from "../clock.js";
import { firstLanguage, language, speak } from "../texts.js";
import { html, render } from "../vendor/preact.js";
import { handoverOf } from "./handover.js";
import { createKeeping } from "./keeping.js";
import { locksmith } from "./locksmith.js";
import { openMemory } from "./memory.js";
import { Page } from "./page.js";
import { createStore, PartsContext } from "./store.js";
import { createVaultApi } from "./vault_api.js";

/** The words of this page lie beside it. @type {typeof globalThis.fetch} */
const fetchWords = (path, options) => fetch(String(path).replace("/texts/", "/records/texts/"), options);

async function start() {
  // Before anything else: nothing of a link stays in the address or in the history.
  const { code, pairing } = handoverOf(location.hash);
  if (location.hash) history.replaceState(null, "", location.pathname);
  const api = createVaultApi({ fetch: globalThis.fetch.bind(globalThis), clock });
  await speak(firstLanguage(remembered(), navigator.languages), fetchWords);
  document.documentElement.lang = language();
  const store = createStore({
    stage: "starting", language: language(), busy: "", trouble: null, channels: [], shown: null, record: null, draft: null, aside: [],
    kept: 0, done: "",
  });
  const memory = await openMemory(indexedDB).catch(() => null);
  if (!memory) store.set({ stage: "no_keys", trouble: { outcome: "memory-unavailable", failure: null } });
  const random = (/** @type {number} */ length) => crypto.getRandomValues(new Uint8Array(length));
  const keeping = createKeeping({ api, clock, memory: /** @type {any} */ (memory), locksmith, random }, store);
  draw(store, keeping);
  if (!memory) return;
  if (pairing) await memory.pair(pairing);
  try {
    if (code) await api.signIn(code);
  } catch (error) {
    // Somebody may be signed in all the same; the board's answer tells.
    store.set({ trouble: { outcome: "", failure: /** @type {import("../api.js").Failure} */ (error) } });
  }
  store.set({ stage: (await memory.pairing()) ? "locked" : "no_keys" });
}

/** @param {import("./store.js").Store} store @param {import("./keeping.js").Keeping} keeping */
function draw(store, keeping) {
  for (const event of ["pointerdown", "keydown"]) addEventListener(event, keeping.used, { capture: true, passive: true });
  document.addEventListener("visibilitychange", () => keeping.sight(document.visibilityState === "visible"));
  // Back from the browser's own memory of pages nothing may be open.
  addEventListener("pagehide", keeping.lock);
  addEventListener("beforeunload", (event) => keeping.holdsDraft() && event.preventDefault());
  const parts = { store, keeping, speak: change };

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
