/** The alerts on the board: real ones first and apart from exercises, then those that have just ended. */
import { AlertCard } from "./alert_card.js";
import { isDrill, isMine, isOpen } from "./alert_facts.js";
import { memo, useConsole, useShown } from "./drawing.js";
import { t } from "./texts.js";
import { html } from "./vendor/preact.js";

/**
 * @typedef {import("./types.js").Alert} Alert
 * @typedef {import("./types.js").Facts} Facts
 */

export const Alerts = memo(
  /** @param {{ facts: Facts }} props */
  ({ facts }) => {
    const alerts = useShown((state) => state.alerts);
    const actual = alerts.filter((each) => isOpen(each) && !isDrill(each));
    const drills = alerts.filter((each) => isOpen(each) && isDrill(each));
    const ended = alerts.filter((each) => !isOpen(each));
    return html`
      <section class="alerts" aria-labelledby="alerts" id="section-alerts">
        <h2 id="alerts">${actual.length ? t("Open alerts: {count}", { count: actual.length }) : t("Open alerts")}</h2>
        <${Silence} />
        ${actual.length ? html`<${Cards} alerts=${actual} facts=${facts} />` : html`<p class="calm">${t("No alert is open for you.")}</p>`}
      </section>
      ${drills.length > 0 &&
      html`<section class="drills" aria-labelledby="drills">
        <h2 id="drills">${t("Exercises: {count}", { count: drills.length })}</h2>
        <${Cards} alerts=${drills} facts=${facts} />
      </section>`}
      ${ended.length > 0 &&
      html`<section class="ended" aria-labelledby="ended">
        <h2 id="ended">${t("Ended in the last half hour: {count}", { count: ended.length })}</h2>
        <${Cards} alerts=${ended} facts=${facts} />
      </section>`}
    `;
  },
);

/** @param {{ alerts: Alert[], facts: Facts }} props */
function Cards({ alerts, facts }) {
  return alerts.map(
    (each) => html`<${AlertCard} key=${each.id} alert=${each} facts=${facts} mine=${isMine(each, facts.me.id)} />`,
  );
}

function Silence() {
  const { session } = useConsole();
  const ringing = useShown((state) => state.ringing && state.sound === "on");
  if (!ringing) return null;
  return html`<p class="silence"><button type="button" onClick=${session.silence}>${t("Silence")}</button></p>`;
}
