/** What rings this person and is no alert, on every screen until it is answered: test rings, calls for help by telephone. */
import { calledBy, rungBy } from "../alarm.js";
import { useAct } from "../answering.js";
import { serverNow } from "../clock.js";
import { useConsole, useShown } from "../drawing.js";
import { moment } from "../moments.js";
import { agencyNames, listed, personName } from "../names.js";
import { t } from "../texts.js";
import { html, useEffect } from "../vendor/preact.js";
import { failureWords } from "../words.js";

/**
 * @typedef {import("../types.js").DeskCall} DeskCall
 * @typedef {import("../types.js").Facts} Facts
 * @typedef {import("../types.js").WaitingRing} WaitingRing
 */

export function Rung() {
  const { session } = useConsole();
  const facts = /** @type {Facts} */ (useShown((state) => state.facts));
  const sounds = useShown((state) => state.sound === "on" && !state.ringing);
  const { rings, calls } = facts.rung ?? { rings: [], calls: [] };
  const waiting = [...calledBy(facts.rung), ...rungBy(facts.rung)];
  // What was answered goes; whoever used the keyboard goes on in the page, not at its edge.
  useEffect(() => () => {
    if (document.activeElement === document.body) document.getElementById("main")?.focus();
  }, []);
  return html`
    <section class="offer rung" aria-label=${t("Answer these")}>
      ${calls.map((each) => html`<${Call} key=${each.id} call=${each} facts=${facts} />`)}
      ${rings.map((each) => html`<${Ring} key=${each.id} ring=${each} facts=${facts} />`)}
      ${sounds && waiting.length > 0 &&
      html`<p><button type="button" onClick=${() => session.hush(waiting)}>${t("Silence")}</button></p>`}
    </section>
  `;
}

/** @param {{ call: DeskCall, facts: Facts }} props */
function Call({ call, facts }) {
  const time = moment(Date.parse(call.began_at), serverNow());
  const who = call.person ? personName(call.person, facts) : agencyNames(call.agencies, facts);
  return html`
    <div class="asking">
      <p role="alert"><strong>${t(
        "CALL FOR HELP by telephone, NOT VERIFIED, {time}, from the number of {who}. For which case is not clear: NO alert was raised. Find out; they may be hiding. Raise it in the right case. In danger ring {police} now.",
        { time, who, police: facts.police_number },
      )}</strong></p>
      <${Answer} path=${`/api/desk-calls/${call.id}/acknowledgement`} real=${true} done=${call.taken_at !== null}
        words=${t("I see to this call")} stored=${t("Stored: you see to this call. Nobody is called for it any more.")} />
    </div>
  `;
}

/** @param {{ ring: WaitingRing, facts: Facts }} props */
function Ring({ ring, facts }) {
  const now = serverNow();
  const [begins, ends] = [moment(Date.parse(ring.shift_begins_at), now), moment(Date.parse(ring.shift_ends_at), now)];
  // A desk without a roster: whoever sits there has the shift.
  const whose = ring.person ? [ring.person] : (facts.duty.find((each) => each.desk === ring.desk)?.officers ?? []);
  return html`
    <div class="asking">
      <p role="status">${whose.includes(facts.me.id)
        ? t("TEST of duty, nothing has happened. Your shift: {begins} – {ends}.", { begins, ends })
        : t("TEST of duty, nothing has happened. {person} did not answer: you stand in, {begins} – {ends}.", {
            begins,
            ends,
            person: listed(whose.map((each) => personName(each, facts))),
          })}</p>
      <${Answer} path=${`/api/duty-rings/${ring.id}/answer`} done=${false}
        words=${t("Answer the test ring")} stored=${t("Stored: you are reached. No alert was accepted by this.")} />
    </div>
  `;
}

/** @param {{ path: string, done: boolean, words: string, stored: string, real?: boolean }} props */
function Answer({ path, done, words, stored, real = false }) {
  const { ask, session } = useConsole();
  const { step, failure, begin } = useAct("rung", async () => {
    await ask("POST", path);
    session.say(stored, false);
  });
  if (done || step === "stored") return html`<p>${stored}</p>`;
  return html`
    <div class="act">
      <button type="button" class=${real ? "accept" : undefined} aria-disabled=${step === "storing" ? "true" : undefined} onClick=${begin}>
        ${step === "storing" ? t("Storing…") : words}
      </button>
      ${failure && html`<p class="urgent">${t("NOT stored. {why}", { why: failureWords(failure) })}</p>`}
    </div>
  `;
}
