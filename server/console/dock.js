/** What is fixed to the edge of the screen that a thumb reaches, on every screen: the call for help. */
import { ChannelChoice, chosenOf } from "./channel_choice.js";
import { useConsole, useShown } from "./drawing.js";
import { Guarded } from "./guarded.js";
import { PanicButton } from "./panic_button.js";
import { RaisePanel } from "./raise_panel.js";
import { Ring } from "./ring.js";
import { t } from "./texts.js";
import { html, useLayoutEffect, useRef } from "./vendor/preact.js";

export function PanicDock() {
  const { raises, store } = useConsole();
  const { channels } = useShown((state) => state.calling);
  const running = useShown((state) => state.raises);
  const session = useShown((state) => state.session);
  const dock = useRoom();
  const chosen = chosenOf(useShown((state) => state.chosen), channels);
  const { channel, gone } = chosen;
  // What was shown once stays chosen, whatever is opened later and in whatever language.
  useLayoutEffect(() => store.set({ chosen }), [chosen]);
  const choose = (/** @type {string} */ compartment) =>
    store.set({ chosen: { channel: channels.find((each) => each.compartment === compartment) ?? channel, gone: false } });
  // Drills have a screen of their own, where somebody is signed in.
  const shown = running.filter((each) => each.status === "Actual" || session !== "signed_in");
  if (!channel && !shown.length && session !== "signed_in") return null;
  return html`
    <aside class="dock" ref=${dock} aria-label=${t("Call for help")}>
      ${channel
        ? html`<div class="panic">
            <${PanicButton} raise=${() => raises.start(channel, "Actual")} />
            <${ChannelChoice} id="panic-channel" channels=${channels} channel=${channel} choose=${choose} />
            ${gone && channel && html`<p class="urgent" role="alert">${goneWords(channel)}</p>`}
          </div>`
        : session === "signed_in" &&
          html`<div class="no-panic">
            <p class="quiet">${t("You have a part in no open case: no alert can be raised here.")}</p>
            <${Ring} />
          </div>`}
      ${shown.length > 0 &&
      html`<div class="raises">
        ${shown.map((each) => html`<${Guarded} key=${each.key}><${RaisePanel} progress=${each} /><//>`)}
      </div>`}
    </aside>
  `;
}

/** @param {import("./types.js").Channel} channel */
function goneWords({ codename }) {
  return t("The channel chosen before is no longer there. The button now calls in {codename}.", { codename });
}

/** Leave as much room at the end of the page as the dock takes. */
function useRoom() {
  const dock = useRef(/** @type {HTMLElement | null} */ (null));
  useLayoutEffect(() => {
    const observer = new ResizeObserver(() => {
      document.documentElement.style.setProperty("--dock", `${dock.current?.offsetHeight ?? 0}px`);
    });
    if (dock.current) observer.observe(dock.current);
    return () => observer.disconnect();
  });
  return dock;
}
