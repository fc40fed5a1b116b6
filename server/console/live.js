/** Who looks, and whether what is on the screen is what is: live and since when, or old and since when. In words. */
import { useShown } from "./drawing.js";
import { exactly } from "./moments.js";
import { t } from "./texts.js";
import { html } from "./vendor/preact.js";

/** Whether what is shown may be old. @param {import("./types.js").State} state */
export function isOld({ live, behind }) {
  return live.state === "lost" || live.state === "crowded" || behind;
}

export function LiveLine() {
  const { state } = useShown((shown) => shown.live);
  const heardAt = useShown((shown) => shown.heardAt);
  const old = useShown(isOld);
  const me = useShown((shown) => shown.facts?.me.name ?? "");
  const time = heardAt ? exactly(heardAt) : "";
  const live = state === "live" ? t("Last updated {time} · live", { time }) : t("Last updated {time} · connecting", { time });
  return html`<p class="live">
    <span>${t("Signed in: {person}", { person: me })}</span>
    <span>${!old && live}</span>
  </p>`;
}

/** Stays in sight, however far down somebody reads. */
export function OldLine() {
  const { state, since } = useShown((shown) => shown.live);
  const old = useShown(isOld);
  if (!old) return null;
  const time = exactly(since);
  return html`
    <section class="old-line" aria-label=${t("Connection")}>
      ${state === "lost" || state === "crowded"
        ? html`<strong>${t("NOT live: trying to reconnect since {time}. What you see may be old.", { time })}</strong>`
        : html`<strong>${t("Something has changed and cannot be fetched. What you see may be old. Trying again.")}</strong>`}
      ${state === "crowded" && html`<span>${t("Too many windows of Streha are open. Close the others.")}</span>`}
    </section>
  `;
}
