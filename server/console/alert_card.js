/** One alert on the board: what, who was reached, who accepted, who is silent, and what this person can do. */
import {
  acceptances, hasAccepted, isDrill, isOpen, mayAccept, silentAgencies, unreachedPeople,
} from "./alert_facts.js";
import { AcceptButton, StandDown } from "./answering.js";
import { CardLine } from "./card_line.js";
import { serverNow } from "./clock.js";
import { memo } from "./drawing.js";
import { moment } from "./moments.js";
import { agencyName, agencyNames, peopleNames, personName, roomNames } from "./names.js";
import { PoliceLine } from "./police.js";
import { endedWords } from "./raise_words.js";
import { t } from "./texts.js";
import { Time } from "./time.js";
import { html, useLayoutEffect } from "./vendor/preact.js";
import { eventWords, nextWords, severityWords, tierWords } from "./words.js";

/**
 * @typedef {import("./types.js").Alert} Alert
 * @typedef {import("./types.js").Facts} Facts
 */

export const AlertCard = memo(
  /** @param {{ alert: Alert, facts: Facts, mine: boolean }} props */
  ({ alert, facts, mine }) => {
    const drill = isDrill(alert);
    useLayoutEffect(() => void performance.mark("streha:shown"), [alert.id]);
    return html`
      <article class="alert ${drill ? "drill" : "actual"} is-${isAnswered(alert) ? "answered" : alert.state}" aria-labelledby="alert-${alert.id}">
        <h3 id="alert-${alert.id}" tabindex="-1">
          <span class="tag">${drill ? t("EXERCISE") : t("ALERT")}</span> ${alert.codename}
        </h3>
        <p class="what">
          ${drill
            ? t("Nothing has happened. Practised: {event}.", { event: eventWords(alert.event) })
            : html`<strong>${eventWords(alert.event)}</strong> · ${severityWords(alert.severity)}`}
        </p>
        ${isOpen(alert) && alert.instruction && html`<p class="do">${alert.instruction}</p>`}
        <p class="raised">${raisedWords(alert, facts)} <span class="far">(<${Time} at=${alert.sent} far=${true} />)</span></p>
        ${isOpen(alert)
          ? html`
              <p class="state">${stateWords(alert, facts)}</p>
              ${hasAccepted(alert, facts.me.id) &&
              html`<p><strong>${nextWords(alert.event, alert.codename)}</strong></p>`}
              ${alert.event === "duress" &&
              html`<p class="urgent">${t("Who raised it must not seem to have called anybody. Only the innocent call that was agreed.")}</p>`}
              <${CardLine} alert=${alert} facts=${facts} />
              <${PoliceLine} alert=${alert} facts=${facts} mine=${mine} />
              <${Who} alert=${alert} facts=${facts} />
              <div class="buttons">
                ${mayAccept(alert, facts.me.id) && html`<${AcceptButton} id=${alert.id} codename=${alert.codename} event=${alert.event} />`}
                ${(mine || hasAccepted(alert, facts.me.id)) && html`<${StandDown} id=${alert.id} drill=${drill} event=${alert.event} />`}
              </div>
              <${Everybody} alert=${alert} facts=${facts} />
            `
          : html`<p class="state">${endedWords(alert, facts)}</p>
              <${PoliceLine} alert=${alert} facts=${facts} mine=${mine} />`}
      </article>
    `;
  },
);

/** Whether somebody acts on it, although others are silent still. @param {Alert} alert */
function isAnswered(alert) {
  return alert.state === "open" && acceptances(alert).length > 0;
}

/** @param {Alert} alert @param {Facts} facts */
function raisedWords(alert, facts) {
  const time = moment(Date.parse(alert.sent), serverNow());
  if (alert.raised_with) {
    const { device, agency } = alert.raised_with;
    if (alert.raised_by === null) {
      return t("Raised {time} with the device {device} of {agency}.", { time, device, agency: agencyName(agency, facts) });
    }
    const person = personName(alert.raised_by, facts, alert);
    return t("Raised {time} by {person} with the device {device}.", { time, device, person });
  }
  if (alert.claimed_by && alert.event === "duress") {
    return t("Written {time} as {person} from a device that could not be checked: NOT VERIFIED. Act as if it were true.", {
      time,
      person: personName(alert.claimed_by, facts, alert),
    });
  }
  if (alert.claimed_by) {
    return t("By telephone {time}, from the number of {person}: NOT VERIFIED. They may be hiding: find out.", {
      time,
      person: personName(alert.claimed_by, facts, alert),
    });
  }
  if (alert.raised_through === "clock") {
    return t("Nobody raised this but the clock, {time}.", { time });
  }
  if (alert.raised_by === null) {
    return t("Raised {time} from a device that could not be checked: NOT VERIFIED. Ring the person.", { time });
  }
  return t("Raised {time} by {person}.", { time, person: personName(alert.raised_by, facts, alert) });
}

/** @param {Alert} alert @param {Facts} facts */
function stateWords(alert, facts) {
  const accepted = acceptances(alert).map((each) => each.person);
  if (alert.state === "accepted") return t("Every responding agency has accepted.");
  if (alert.state === "unanswered") return t("UNANSWERED for hours. Somebody must take this over.");
  if (!accepted.length) return t("NOBODY has accepted yet.");
  return t("ACCEPTED by {people}.", { people: peopleNames(accepted, facts, alert) });
}

/** @param {{ alert: Alert, facts: Facts }} props */
function Who({ alert, facts }) {
  const { reached, waiting, missed } = roomNames(alert, facts);
  const unreached = unreachedPeople(alert);
  const accepted = acceptances(alert);
  const silent = silentAgencies(alert);
  return html`
    <dl class="who">
      <dt>${t("Reached")}</dt>
      <dd>
        ${reached || t("Nobody yet")}
        ${waiting && html`<span class="line quiet">${t("On its way: {rooms}", { rooms: waiting })}</span>`}
        ${unreached.length > 0 &&
        html`<span class="line urgent">
          ${t("NOT reached on any device: {people}. Ring them.", { people: peopleNames(unreached, facts, alert) })}
        </span>`}
        ${missed && html`<span class="line urgent">${t("NOT delivered: {rooms}. Ring them yourself.", { rooms: missed })}</span>`}
      </dd>
      <dt>${t("Accepted")}</dt>
      <dd>
        ${accepted.length
          ? accepted.map(
              ({ person, agency, at, telephone }) => html`<span class="line" key=${person}>
                ${personName(person, facts, alert)}, ${agencyName(agency, facts)}, <${Time} at=${at} />${telephone &&
                html`, ${t("by telephone")}`}
              </span>`,
            )
          : t("Nobody yet")}
      </dd>
      <dt>${t("Silent")}</dt>
      <dd>
        ${silent.length
          ? html`<strong>${agencyNames(silent, facts)}</strong> <span class="line quiet">${t("They are being called.")}</span>`
          : t("No agency that must answer")}
      </dd>
      ${alert.next_step_at &&
      html`
        <dt>${alert.state === "accepted" ? t("Its owner is asked") : t("Next call")}</dt>
        <dd><${Time} at=${alert.next_step_at} /> <span class="far">(<${Time} at=${alert.next_step_at} far=${true} />)</span></dd>
      `}
    </dl>
  `;
}

/** @param {{ alert: Alert, facts: Facts }} props */
function Everybody({ alert, facts }) {
  return html`
    <details>
      <summary>${t("Everybody who was called: {count}", { count: alert.recipients.length })}</summary>
      <ul class="called">
        ${alert.recipients.map(
          (each) => html`<li key=${each.person + each.agency}>
            ${personName(each.person, facts, alert)}, ${agencyName(each.agency, facts)}, ${tierWords(each.tier)}
            ${each.acknowledged_at
              ? html`: ${t("accepted")} <${Time} at=${each.acknowledged_at} />`
              : html`: ${t("no answer yet")}`}
          </li>`,
        )}
      </ul>
    </details>
  `;
}
