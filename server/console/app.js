/** Starts the console: wires its parts to the browser, and draws the screen that the address asks for. */
import { Announcer } from "./announcer.js";
import { createApi } from "./api.js";
import { BoardScreen } from "./board.js";
import { clock } from "./clock.js";
import { PanicDock } from "./dock.js";
import { ConsoleContext, useShown } from "./drawing.js";
import { DrillScreen } from "./drill.js";
import { Guarded } from "./guarded.js";
import { Header } from "./header.js";
import { createKnowledge } from "./knowledge.js";
import { later } from "./later.js";
import { OldLine } from "./live.js";
import { OtherAlertScreen } from "./other_alert.js";
import { codeOf, screenOf } from "./places.js";
import { createRaises } from "./raises.js";
import { RungLine } from "./rung_line.js";
import { createSession } from "./session.js";
import { SignInScreen, StartingScreen } from "./sign_in.js";
import { Offer } from "./sign_out.js";
import { createSound } from "./sound.js";
import { createStore, firstState } from "./store.js";
import { firstLanguage, language, speak, t } from "./texts.js";
import { startTicking } from "./time.js";
import { html, render } from "./vendor/preact.js";

// So long nothing is drawn where its words have not come; then it is drawn in English.
const WORDLESS_MS = 1_500;
const SCREENS = {
  board: BoardScreen,
  device: later(async () => (await import("./rare/device.js")).DeviceScreen, true),
  drill: DrillScreen,
  other: OtherAlertScreen,
  ways: later(async () => (await import("./rare/ways.js")).WaysScreen, true),
};

/** With the next picture; where nobody looks no picture comes, and what is to be heard must not wait for one. */
function soon(/** @type {() => void} */ act) {
  if (document.visibilityState !== "visible") return queueMicrotask(act);
  let done = false;
  const once = () => {
    if (!done) act();
    done = true;
  };
  requestAnimationFrame(once);
  setTimeout(once, 100);
}

function Screen() {
  const session = useShown((state) => state.session);
  const screen = useShown((state) => state.screen);
  const spoken = useShown((state) => state.language);
  return html`
    <div key=${spoken} class="page">
      <a class="skip" href="#main" onClick=${skip}>${t("To the content")}</a>
      <${Guarded}><${PanicDock} /><//>
      <${Guarded}>${session === "signed_in" && html`<${RungLine} /><${Header} /><${OldLine} />`}<${Offer} /><//>
      <${Guarded} key=${session + screen}>
        ${session === "signed_out" && html`<${SignInScreen} />`}
        ${session === "starting" && html`<${StartingScreen} />`}
        ${session === "signed_in" && html`<${SCREENS[screen]} />`}
      <//>
    </div>
    <${Announcer} />
  `;
}

/** The address stays that of a screen. @param {Event} event */
function skip(event) {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

/** Before anything else: the code of a sign-in link stays neither in the address nor in the history. */
function takeCode() {
  const code = codeOf(location.hash);
  if (code) history.replaceState(null, "", `${location.pathname}#/board`);
  return code;
}

async function start() {
  const code = takeCode();
  const fetch = globalThis.fetch.bind(globalThis);
  const spoken = speak(firstLanguage(remembered(), navigator.languages), fetch);
  const ready = Promise.race([spoken, new Promise((resolve) => clock.after(WORDLESS_MS, () => resolve(null)))]);
  const store = createStore({ ...firstState(language()), screen: screenOf(location.hash) });
  const asked = createApi({ fetch, clock });
  // The board is asked for at once, but read in the person's words; and so is what is said of a link.
  const board = async () => (await Promise.all([asked.board(), ready]))[0];
  const signIn = async (/** @type {string} */ code) => (await ready, await asked.signIn(code));
  const api = { ...asked, board, signIn };
  const knowledge = createKnowledge({ api, store, now: clock.now });
  const raises = createRaises({ clock, newKey: () => crypto.randomUUID(), store, knowledge });
  const sound = createSound({
    context: () => new AudioContext(),
    changed: (sounding) => store.set({ sound: sounding }),
    audible: () => void performance.mark("streha:audible"),
  });
  const session = createSession({ api, clock, fetch, random: Math.random, soon, store, knowledge, raises, sound });

  function move() {
    const found = takeCode();
    store.set({ screen: screenOf(location.hash) });
    if (found) session.begin(found);
    requestAnimationFrame(() => document.getElementById("main")?.focus());
  }

  /** @param {string} chosen */
  async function change(chosen) {
    const done = await speak(chosen, fetch);
    if (!done || language() === store.get().language) return done;
    remember(language());
    redraw();
    requestAnimationFrame(() => document.getElementById("language")?.focus());
    return done;
  }

  function redraw() {
    document.documentElement.lang = language();
    store.set({ language: language() });
  }

  function touched(/** @type {Event} */ event) {
    // The switch itself decides by what it showed when it was pressed.
    const pressed = event.target instanceof Element && event.target.closest(".sound");
    if (!pressed) sound.touched();
  }

  startTicking(document);
  addEventListener("hashchange", move);
  for (const event of ["online", "pageshow", "focus"]) addEventListener(event, session.kick);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && session.kick());
  // Not before a finger is up: what the switch says then is another length, and would move what is being pressed.
  for (const event of ["pointerup", "keydown"]) addEventListener(event, touched, { capture: true });
  addEventListener("beforeunload", (event) => raises.guarded() && event.preventDefault());

  const parts = {
    store, session, knowledge, raises, sound, clock, ask: asked.ask,
    speak: change,
  };
  session.begin(code);
  await ready;
  redraw();
  const root = /** @type {HTMLElement} */ (document.getElementById("app"));
  root.replaceChildren();
  render(html`<${ConsoleContext.Provider} value=${parts}><${Screen} /><//>`, root);
  await spoken;
  redraw();
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
