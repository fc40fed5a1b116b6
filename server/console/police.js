/** Whether the police was called for an alert: what is known, and three buttons to say it. An exercise says not to call. */
import { hasAccepted, isDrill, isOpen } from "./alert_facts.js";
import { useAct } from "./answering.js";
import { serverNow } from "./clock.js";
import { useConsole } from "./drawing.js";
import { moment } from "./moments.js";
import { personName } from "./names.js";
import { t } from "./texts.js";
import { html, useState } from "./vendor/preact.js";
import { failureWords } from "./words.js";

/**
 * @typedef {import("./types.js").Alert} Alert
 * @typedef {import("./types.js").EmergencyCall} EmergencyCall
 * @typedef {import("./types.js").Facts} Facts
 */

/** @param {{ alert: Alert, facts: Facts, mine: boolean }} props */
export function PoliceLine({ alert, facts, mine }) {
  const drill = isDrill(alert);
  const calls = (alert.emergency_calls ?? []).filter((each) =>
    each.called || (each.service === "police" && alert.police === "not_called"));
  const asks = isOpen(alert) && Boolean(alert.police) && alert.police !== "called";
  if (!asks && !calls.length) return null;
  return html`
    <div class="police">
      ${drill && html`<p><strong>${t("EXERCISE: do NOT call the police.")}</strong></p>`}
      ${calls.map((each) => html`<p key=${each.said_by + each.called_at}>${callWords(each, alert, facts)}</p>`)}
      ${asks &&
      alert.police !== "not_called" &&
      html`<p class=${drill ? "quiet" : "urgent"}>${t("Police: NOT known to be called.")}</p>`}
      ${asks && (mine || hasAccepted(alert, facts.me.id)) && html`<${Say} id=${alert.id} me=${facts.me.id} drill=${drill} />`}
    </div>
  `;
}

/** @param {EmergencyCall} said @param {Alert} alert @param {Facts} facts */
function callWords(said, alert, facts) {
  const person = personName(said.called_by ?? said.said_by, facts, alert);
  if (!said.called) return t("Police: NOT called, says {person}.", { person });
  const time = moment(Date.parse(said.called_at ?? ""), serverNow());
  if (said.service === "ambulance") return t("Ambulance: called {time}, says {person}.", { time, person: personName(said.said_by, facts, alert) });
  if (said.called_by === null) return t("Police: called {time} by somebody who takes no part, says {person}.", { time, person });
  return t("Police: called {time} by {person}.", { time, person });
}

/** @param {{ id: string, me: string, drill: boolean }} props */
function Say({ id, me, drill }) {
  const { knowledge, session } = useConsole();
  // Nothing is chosen before somebody chooses: what is wrongly taken for called keeps others from calling.
  const [chosen, choose] = useState(-1);
  const options = [
    { called: true, by: me, words: t("I called") },
    { called: true, by: null, words: t("Somebody else called") },
    { called: false, by: null, words: t("Nobody has called") },
  ];
  const { step, failure, begin } = useAct(`alert-${id}`, async () => {
    const { called, by } = options[chosen];
    await knowledge.police(id, called, by);
    session.say(t("Stored: what you said of the police."), false);
  });
  return html`
    <fieldset class="asking">
      <legend>${drill ? t("Would the police have been called? By whom?") : t("Has the police been called? By whom?")}</legend>
      ${options.map(
        (each, index) => html`<label key=${each.words} class="choice">
          <input type="radio" name="police-${id}" checked=${index === chosen} onChange=${() => choose(index)} />
          ${each.words}
        </label>`,
      )}
      <button type="button" disabled=${chosen < 0} aria-disabled=${step === "storing" ? "true" : undefined} onClick=${begin}>
        ${step === "storing" ? t("Storing…") : t("Say so")}
      </button>
      ${failure && html`<p class="urgent">${t("NOT stored. {why}", { why: failureWords(failure) })}</p>`}
    </fieldset>
  `;
}
