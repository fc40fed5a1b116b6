/** Choosing the channel in which an alert or a drill is raised. */
import { t } from "./texts.js";
import { html, useMemo } from "./vendor/preact.js";

/** @typedef {import("./types.js").Channel} Channel */

/** @param {{ id: string, channels: readonly Channel[], channel: Channel, choose: (compartment: string) => void }} props */
export function ChannelChoice({ id, channels, channel, choose }) {
  const options = useMemo(
    () => channels.map((each) => html`<option key=${each.compartment} value=${each.compartment}>${each.codename}</option>`),
    [channels],
  );
  return html`
    <div class="field">
      <label for=${id}>${t("Channel")}</label>
      <select
        id=${id}
        value=${channel.compartment}
        onChange=${(/** @type {any} */ event) => choose(event.currentTarget.value)}
      >
        ${options}
      </select>
    </div>
  `;
}
