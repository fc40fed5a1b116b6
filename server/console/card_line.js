/** Which duty desks have an emergency card of an alert, and how whoever accepted opens theirs: not in a browser yet. */
import { hasAccepted } from "./alert_facts.js";
import { agencyNames } from "./names.js";
import { t } from "./texts.js";
import { html } from "./vendor/preact.js";

/**
 * @typedef {import("./types.js").Alert} Alert
 * @typedef {import("./types.js").Facts} Facts
 */

/** @param {{ alert: Alert, facts: Facts }} props */
export function CardLine({ alert, facts }) {
  const cards = alert.cards ?? [];
  if (!cards.length) return null;
  const whom = alert.event === "duress" ? t("Ask nobody in the channel for it.") : t("Ring those who lead the case.");
  /** @param {string} state */
  const those = (state) => cards.flatMap((each) => (each.state === state ? [each.agency] : []));
  const mine = cards.find((each) => each.agency === facts.me.agency);
  const [missing, old] = [those("missing"), those("old")];
  return html`
    <div class="card">
      ${mine && mine.state !== "missing" && hasAccepted(alert, facts.me.id) &&
      html`<p><strong>
        ${t("There is an emergency card for your agency's desk. Whoever sits there opens it, on the desk's machine only: streha card show {alert}", { alert: alert.codename })}
      </strong></p>`}
      ${old.length > 0 &&
      html`<p>${t("Emergency card sealed to a former key: {agencies}. If it does not open: {whom}", { whom, agencies: agencyNames(old, facts) })}</p>`}
      ${missing.length > 0 &&
      html`<p>${t("NO emergency card: {agencies}. {whom}", { whom, agencies: agencyNames(missing, facts) })}</p>`}
    </div>
  `;
}
