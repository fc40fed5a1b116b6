/** What is fixed to the edge of the screen that a thumb reaches, on every screen: the call for help. */
import { ChannelChoice } from "./channel_choice.js";
import { useConsole, useShown } from "./drawing.js";
import { Guarded } from "./guarded.js";
import { PanicButton } from "./panic_button.js";
import { RaisePanel } from "./raise_panel.js";
import { Ring } from "./ring.js";
import { t } from "./texts.js";
import { html, useLayoutEffect, useRef, useState } from "./vendor/preact.js";

export function PanicDock() {
  const { raises } = useConsole();
  const { channels } = useShown((state) => state.calling);
  const running = useShown((state) => state.raises);
  const session = useShown((state) => state.session);
  const [chosen, choose] = useState("");
  const dock = useRoom();
  const channel = channels.find((each) => each.compartment === chosen) ?? channels[0];
  const actual = running.filter((each) => each.status === "Actual");
  const merged = actual.filter((each, index) => actual.findIndex((one) => sameAlert(one, each)) === index);
  if (!channel && !merged.length && session !== "signed_in") return null;
  return html`
    <aside class="dock" ref=${dock} aria-label=${t("Call for help")}>
      ${channel
        ? html`<div class="panic">
            <${PanicButton} raise=${() => raises.start(channel, "Actual")} />
            <${ChannelChoice} id="panic-channel" channels=${channels} channel=${channel} choose=${choose} />
          </div>`
        : session === "signed_in" &&
          html`<div class="no-panic">
            <p class="quiet">${t("You have a part in no open case: no alert can be raised here.")}</p>
            <${Ring} />
          </div>`}
      ${merged.length > 0 &&
      html`<div class="raises">
        ${merged.map((each) => html`<${Guarded} key=${each.key}><${RaisePanel} progress=${each} /><//>`)}
      </div>`}
    </aside>
  `;
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

/** @param {import("./panic.js").Progress} one @param {import("./panic.js").Progress} other */
function sameAlert(one, other) {
  return one.key === other.key || (one.alert !== null && one.alert.id === other.alert?.id);
}
