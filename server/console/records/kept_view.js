/** How long what is sealed is kept, as the members' log says it, and whether it is under legal hold. */
import { serverNow } from "../clock.js";
import { moment } from "../moments.js";
import { t } from "../texts.js";
import { html } from "../vendor/preact.js";
import { isOpen, mayBeErased } from "../vault/circle.js";

/** @param {{ shown: import("./state.js").Shown }} props */
export function Kept({ shown }) {
  const { circle } = shown.compartment;
  const now = serverNow();
  const time = moment(circle.keepUntil * 1000, now);
  const ended = !isOpen(circle, now / 1000);
  return html`
    ${circle.held && html`<p class="notice">${t("Under legal hold: nothing here can be erased, and it cannot be closed, until two agencies release it.")}</p>`}
    ${ended && html`<p class="notice">${t("Closed: nothing is written here any more.")}</p>`}
    ${mayBeErased(circle, now / 1000)
      ? html`<p class="notice">${t("What was sealed here was kept until {time}. It is erased, or will be thirty days after the end.", { time })}</p>`
      : circle.keepUntil > 0 && html`<p class="of">${t("What is sealed here is kept until {time} at least.", { time })}</p>`}
  `;
}
