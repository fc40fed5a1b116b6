/** Parts of the console that few people need: fetched when they are to be drawn, and never before. */
import { speakRare, t } from "./texts.js";
import { html, useEffect, useLayoutEffect, useRef, useState } from "./vendor/preact.js";

/**
 * Return a view that is drawn once its module and the words of such modules are there.
 * @param {() => Promise<import("preact").ComponentType<{}>>} load
 * @param {boolean} [screen] Whether it is a whole screen: then what stands there meanwhile is one, too.
 */
export function later(load, screen) {
  /** @type {import("preact").ComponentType<{}> | null} */
  let view = null;
  return function Later() {
    const [state, become] = useState("coming");
    // Whoever came here by keyboard goes on from here when one main part takes the place of the other.
    const focused = useRef(false);
    async function come() {
      become("coming");
      try {
        view ??= (await Promise.all([load(), speakRare(fetch)]))[0];
        focused.current = document.activeElement?.id === "main";
        become("here");
      } catch {
        become("failed");
      }
    }
    useEffect(() => void come(), []);
    useLayoutEffect(() => {
      if (state === "here" && focused.current) document.getElementById("main")?.focus();
    }, [state]);
    if (view) return html`<${view} />`;
    const meanwhile =
      state === "coming"
        ? html`<p role="status">${t("One moment…")}</p>`
        : html`<p class="notice" role="alert">${t("This part of the page could not be loaded. Check the connection.")}</p>
            <p><button type="button" onClick=${come}>${t("Try again")}</button></p>`;
    return screen ? html`<main id="main" tabindex="-1">${meanwhile}</main>` : meanwhile;
  };
}
