/** Operations and safe-calls of a case on one time line: fetched when somebody looks, never kept. */
import { Failure } from "../api.js";
import { useConsole, useShown } from "../drawing.js";
import { NOBODY_KNOWN, personName } from "../names.js";
import { t } from "../texts.js";
import { Time } from "../time.js";
import { html, useState } from "../vendor/preact.js";
import { failureWords } from "../words.js";
import { despiteWords, happenedWords, refusalWords, stepWords } from "./way_words.js";

/**
 * @typedef {import("../types.js").Expected} Expected
 * @typedef {import("../types.js").Happened} Happened
 * @typedef {import("../types.js").Timeline} Timeline
 */

/** @param {{ id: string }} props */
export function CaseTimeline({ id }) {
  const { ask } = useConsole();
  const [open, show] = useState(false);
  const [line, tell] = useState(/** @type {Timeline | Failure | null} */ (null));
  /** @param {Timeline | null} before */
  async function look(before) {
    if (!before) tell(null);
    try {
      const query = before ? `?before=${before.more}` : "";
      /** @type {Timeline} */
      const found = await ask("GET", `/api/cases/${id}/timeline${query}`, { expected: Array.isArray, happened: Array.isArray });
      tell(before ? { ...before, happened: [...before.happened, ...found.happened], more: found.more } : found);
    } catch (error) {
      tell(/** @type {Failure} */ (error));
    }
  }
  const toggle = () => {
    if (!open) void look(null);
    show(!open);
  };
  return html`
    <button type="button" aria-expanded=${open ? "true" : "false"} onClick=${toggle}>${t("Time line of the case")}</button>
    ${open && html`<div role="status"><${Line} line=${line} more=${look} /></div>`}
  `;
}

/** @param {{ line: Timeline | Failure | null, more: (before: Timeline) => void }} props */
function Line({ line, more }) {
  const facts = useShown((state) => state.facts) ?? NOBODY_KNOWN;
  if (!line) return html`<p class="quiet">${t("One moment…")}</p>`;
  if (line instanceof Failure) return html`<p class="urgent">${failureWords(line)}</p>`;
  const happened = [...line.happened].reverse();
  return html`
    ${line.more !== null && html`<button type="button" onClick=${() => more(line)}>${t("What was before")}</button>`}
    <ol class="steps">
      ${happened.map((each) => html`<li key=${each.entry}><${Time} at=${each.at} /> <${Name} of=${each} />: ${happenedLine(each)}${each.by && html` <span class="quiet">${personName(each.by, facts)}</span>`}${apart(each) && html` <span class="quiet">${t("written")} <${Time} at=${each.written_at} /></span>`}</li>`)}
      ${line.expected.map((each) => html`<li key=${each.about + each.at}><${Time} at=${each.at} /> <${Name} of=${each} />: <span class=${each.late ? "late" : ""}>${each.step ? stepWords(each.step) : t("expected to be heard from")}, ${each.late ? t("LATE") : t("to come")}</span></li>`)}
    </ol>
  `;
}

/** @param {{ of: Happened | Expected }} props */
function Name({ of: each }) {
  return html`${each.drill && html`<span class="tag">${t("EXERCISE")}</span> `}<b>${each.codename}</b>`;
}

/** @param {Happened} each */
function happenedLine(each) {
  const why = each.why ? ` (${each.what === "operation_refused" ? refusalWords(each.why) : despiteWords(each.why)})` : "";
  return `${each.step ? `${stepWords(each.step)}, ` : ""}${happenedWords(each.what)}${why}`;
}

/** Whether it came later than in the minute in which it was written. @param {Happened} each */
function apart(each) {
  return each.written_at !== null && Math.abs(Date.parse(each.at) - Date.parse(each.written_at)) > 60_000;
}
