/** How old is what is shown: what was compared with the server a day ago or more is for reading only. */
import { clock, serverNow } from "../clock.js";
import { moment } from "../moments.js";
import { t } from "../texts.js";
import { html } from "../vendor/preact.js";

/** @typedef {import("./state.js").Shown} Shown */

export const FRESH_MS = 24 * 3600_000;

/** @param {Shown} shown @param {number} now milliseconds since 1970; a clock that was put back makes nothing young */
export function isOld({ at }, now) {
  return Math.abs(now - at) >= FRESH_MS;
}

/** @param {Shown} shown whether one may go on from it */
export function isForReadingOnly(shown) {
  return isOld(shown, clock.now());
}

/** @param {{ shown: Shown }} props */
export function Age({ shown }) {
  const time = moment(shown.at, serverNow());
  if (!isForReadingOnly(shown)) return html`<p class="of">${t("Compared with the server and checked: {time}", { time })}</p>`;
  return html`<p class="notice">${t("OLD: compared with the server {time}, a day ago or more. It is for reading only. Look for news before you go on.", { time })}</p>`;
}
