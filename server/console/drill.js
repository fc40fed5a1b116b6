/** Drills: everything as in earnest, and everywhere said that nothing has happened. Apart from panic in every way. */
import { ChannelChoice } from "./channel_choice.js";
import { useConsole, useShown } from "./drawing.js";
import { RaisePanel } from "./raise_panel.js";
import { t } from "./texts.js";
import { html, useState } from "./vendor/preact.js";

export function DrillScreen() {
  const running = useShown((state) => state.raises).filter((each) => each.status === "Exercise");
  return html`
    <main id="main" tabindex="-1" class="drill-screen">
      <h1>${t("Drill")}</h1>
      <p>
        ${t("A drill calls the same people in the same way as an alert, and says in every message that it is an exercise.")}
      </p>
      ${running.map((each) => html`<${RaisePanel} key=${each.key} progress=${each} />`)}
      <${Start} />
    </main>
  `;
}

function Start() {
  const { raises } = useConsole();
  const { channels } = useShown((state) => state.calling);
  const [chosen, choose] = useState(channels[0]?.compartment ?? "");
  const [asking, ask] = useState(false);
  const channel = channels.find((each) => each.compartment === chosen) ?? channels[0];
  if (!channel) return html`<p>${t("You have a part in no open case: no drill can be started.")}</p>`;
  const start = () => {
    ask(false);
    raises.start(channel, "Exercise");
  };
  return html`
    <div class="drill start">
      <${ChannelChoice} id="drill-channel" channels=${channels} channel=${channel} choose=${choose} />
      ${asking
        ? html`<div class="asking" role="group" aria-label=${t("Start a drill")}>
            <p>${t("Everybody who answers for {codename} is called now, for exercise.", { codename: channel.codename })}</p>
            <button type="button" class="drill-button" onClick=${start}>${t("Yes, start the drill")}</button>
            <button type="button" onClick=${() => ask(false)}>${t("Cancel")}</button>
          </div>`
        : html`<button type="button" class="drill-button" onClick=${() => ask(true)}>${t("Start a drill")}</button>`}
    </div>
  `;
}
