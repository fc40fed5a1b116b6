/** An assessment as people read it: what was decided and why, what it lacks, what it suggests, and its answers by weight. */
import { t } from "../texts.js";
import { html } from "../vendor/preact.js";
import { levelWords } from "../words.js";
import { answerWords, evidenceWords, harmWords, lackWords, likelihoodWords, ownWords, weightWords } from "./assessment_words.js";
import { idOf } from "./coding.js";
import { question } from "./forms.js";
import { whoWords } from "./people.js";
import { useParts, useShown } from "./store.js";

/** @typedef {import("./assessments.js").Read} Read */
/** @typedef {import("./state.js").Shown} Shown */

const WEIGHTS = ["critical", "elevating", "context", "protective"];
/** What is to be seen first. */
const ANSWERS = ["yes", "unknown", "declined", "not_applicable", "no"];

/** @param {{ shown: Shown, read: Read }} props */
export function AssessmentView({ shown, read }) {
  const { said, judgement, before } = read;
  const who = (/** @type {string} */ person) => whoWords(shown.compartment.network, idOf(person));
  const told = [
    [t("Why"), said.why], [t("What changed"), said.changed], [t("Why below that"), said.why_below_own],
  ];
  return html`
    <div class="reading">
      <h2 class="decided">${decision(read)}</h2>
      <${Lacks} read=${read} />
      <${Unopened} shown=${shown} read=${read} />
      ${said.own !== null && html`<p>${t("The person's own rating")}: <strong>${ownWords(said.own)}</strong></p>`}
      <p>${t("Assessed by {person}", { person: who(said.assessor) })}</p>
      ${said.about !== null && html`<p>${t("About {person}", { person: who(said.about) })}</p>`}
      ${said.countersigner !== null && html`<p>${t("Second person: {person}", { person: who(said.countersigner) })}</p>`}
      ${before && html`<p>${t("Before: {level}", { level: levelWords(before.level ?? "not_yet_assessed") })}</p>`}
      ${told.filter(([, words]) => words?.trim()).map(([heading, words]) => html`<section key=${heading}><h3>${heading}</h3><p class="text">${words}</p></section>`)}
      ${judgement && html`
        <p>${t("Suggested: {level}; floor: {floor}", { level: judgement.suggested ? levelWords(judgement.suggested) : "-", floor: judgement.floor ? levelWords(judgement.floor) : "-" })}</p>
        ${judgement.insufficient && html`<p class="mark">${t("INSUFFICIENT INFORMATION: too much is not known, or something critical is not.")}</p>`}
      `}
      ${said.scenarios.length > 0 && html`
        <section>
          <h3>${t("What could happen")}</h3>
          <ul>${said.scenarios.map((each, nth) => html`<li key=${nth}><span class="text">${each.what}</span> (${harmWords(each.severity)}, ${likelihoodWords(each.likelihood)})</li>`)}</ul>
        </section>
      `}
      ${said.dissent.length > 0 && html`
        <section>
          <h3>${t("Who sees it otherwise")}</h3>
          <ul>${said.dissent.map((each, nth) => html`<li key=${nth} class="text">${t("{person} sees it as {level}: {why}", { person: who(each.by), level: levelWords(each.level), why: each.why })}</li>`)}</ul>
        </section>
      `}
      <${Answers} read=${read} />
    </div>
  `;
}

/** @param {Read} read nobody reads a level without seeing whether it counts */
function decision({ said, missing, unopened }) {
  const level = said.level === null ? t("No level was decided") : levelWords(said.level);
  if (missing.length) return t("DOES NOT COUNT: {level}", { level });
  return unopened.length ? t("NOT CHECKED: {level}", { level }) : level;
}

/** @param {{ read: Read }} props */
function Lacks({ read: { missing, instrument, waits } }) {
  if (!missing.length) return null;
  const asked = new Map((instrument?.indicators ?? []).map((each) => [each.id, each]));
  return html`
    <section class="notice">
      <p><strong>${waits && missing.length === 1 ? t("It does not count yet: it waits for a second person.") : t("It does not count:")}</strong></p>
      <ul>
        ${missing.map(({ lack, indicator }, nth) => {
          const found = asked.get(indicator);
          const where = found && instrument ? `${indicator} ${question(instrument, found)}` : indicator;
          return html`<li key=${nth}>${where && html`<span class="text">${where}</span> `}${lackWords(lack)}</li>`;
        })}
      </ul>
    </section>
  `;
}

/** What was before it is fetched when somebody asks for it. @param {{ shown: Shown, read: Read }} props */
function Unopened({ shown, read: { unopened } }) {
  const { past } = useParts();
  const { busy } = useShown();
  if (!unopened.length) return null;
  const rest = unopened.filter(({ hash }) => !shown.opened.has(hash));
  if (!rest.length) return html`<p class="notice">${t("What was before it cannot be read here: whether it lowers anything cannot be seen.")}</p>`;
  return html`
    <div class="notice">
      <p>${t("Earlier versions are not opened: whether this one lowers anything, and says anew what changed, cannot be seen yet. The ledger says that you open them.")}</p>
      <div class="buttons"><button type="button" disabled=${busy !== ""} onClick=${() => past.open(rest)}>${t("Open the earlier versions")}</button></div>
    </div>
  `;
}

/** @param {{ read: Read }} props */
function Answers({ read: { said, instrument } }) {
  if (!instrument) {
    return html`<ul>${Object.entries(said.answers).map(([id, { answer, note = "" }]) => html`<li key=${id} class="text">${id}: ${answerWords(answer)} ${note}</li>`)}</ul>`;
  }
  const answered = (/** @type {string} */ id) => (Object.hasOwn(said.answers, id) ? said.answers[id] : undefined);
  const place = (/** @type {string} */ id) => ANSWERS.indexOf(answered(id)?.answer ?? "unknown");
  return html`
    ${WEIGHTS.map((weight) => {
      const asked = instrument.indicators.filter((each) => each.weight === weight).sort((one, other) => place(one.id) - place(other.id));
      return asked.length > 0 && html`
        <section key=${weight}>
          <h3>${weightWords(weight)}</h3>
          <ul class="answers">
            ${asked.map((each) => {
              const found = answered(each.id);
              const notable = !found || ["yes", "unknown"].includes(found.answer);
              const words = found ? answerWords(found.answer) : t("Not answered");
              return html`
                <li key=${each.id}>
                  <span>${each.id} ${question(instrument, each)}</span>
                  <span>${notable ? html`<strong>${words}</strong>` : words}${found?.evidence && ` (${evidenceWords(found.evidence)})`}</span>
                  ${found?.note && html`<span class="text of">${found.note}</span>`}
                </li>
              `;
            })}
          </ul>
        </section>
      `;
    })}
  `;
}
