/** Who looks, and whether what is on the screen is what is: live and since when, or old and since when. In words. */
import { useShown } from "./drawing.js";
import { exactly } from "./moments.js";
import { t } from "./texts.js";
import { html } from "./vendor/preact.js";

export function LiveLine() {
  const { state, since } = useShown((shown) => shown.live);
  const heardAt = useShown((shown) => shown.heardAt);
  const behind = useShown((shown) => shown.behind);
  const me = useShown((shown) => shown.facts?.me.name ?? "");
  if (state === "lost" || state === "crowded") {
    return html`
      <div class="live not">
        <span>${t("Signed in: {person}", { person: me })}</span>
        <strong>${t("NOT live: trying to reconnect since {time}. What you see may be old.", { time: exactly(since) })}</strong>
        ${state === "crowded" && html`<span>${t("Too many windows of Streha are open. Close the others.")}</span>`}
      </div>
    `;
  }
  if (behind) {
    return html`<div class="live not">
      <strong>${t("Something has changed and cannot be fetched. What you see may be old. Trying again.")}</strong>
    </div>`;
  }
  const time = heardAt ? exactly(heardAt) : "";
  return html`<div class="live">
    <span>${t("Signed in: {person}", { person: me })}</span>
    <span>${state === "live" ? t("Last updated {time} · live", { time }) : t("Last updated {time} · connecting", { time })}</span>
  </div>`;
}
