/** Choosing the channel in which an alert or a drill is raised. */
import { NOTHING_CHOSEN } from "./store.js";
import { t } from "./texts.js";
import { html, useMemo } from "./vendor/preact.js";

/**
 * @typedef {import("./types.js").Channel} Channel
 * @typedef {import("./types.js").Chosen} Chosen
 */

/**
 * Return what is chosen among the channels of now: what was, for as long as it is there; else the first.
 * @param {Chosen} before
 * @param {readonly Channel[]} channels
 * @returns {Chosen}
 */
export function chosenOf(before, channels) {
  if (!channels.length) return NOTHING_CHOSEN;
  const channel = channels.find((each) => each.compartment === before.channel?.compartment);
  if (!channel) return { channel: channels[0], gone: before.channel !== null };
  return channel.codename === before.channel?.codename ? before : { ...before, channel };
}

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
