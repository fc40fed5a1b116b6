/** Whom to ring, as links that a telephone dials. The numbers are known once a board was loaded. */
import { useShown } from "./drawing.js";
import { t } from "./texts.js";
import { html } from "./vendor/preact.js";

/** @param {{ now?: boolean }} props `now`: whether it is said to somebody who is calling for help. */
export function Ring({ now = false }) {
  const { police, ambulance } = useShown((state) => state.calling);
  if (!police) return html`<p class="urgent">${t("In danger ring the police now, and ring your colleagues.")}</p>`;
  return html`
    <div class=${now ? "ring now" : "ring"}>
      <p>${t("In danger ring {police} now, and ring your colleagues.", { police })}</p>
      <p class="numbers">
        <a href=${`tel:${police}`}>${t("Police: {number}", { number: police })}</a>
        <a href=${`tel:${ambulance}`}>${t("Ambulance: {number}", { number: ambulance })}</a>
      </p>
    </div>
  `;
}
