/** What is missing before somebody goes: asked for when somebody looks, never kept. */
import { Failure } from "../api.js";
import { useConsole, useShown } from "../drawing.js";
import { NOBODY_KNOWN, listed, personName } from "../names.js";
import { t } from "../texts.js";
import { html, useState } from "../vendor/preact.js";
import { failureWords } from "../words.js";
import { missingWords } from "./way_words.js";

/** @typedef {import("../types.js").Readiness} Readiness */

/**
 * @param {string} id
 * @returns {{ ready: Readiness | Failure | null, look: () => Promise<void> }} nothing while it is asked for
 */
export function useReadiness(id) {
  const { ask } = useConsole();
  const [ready, tell] = useState(/** @type {Readiness | Failure | null} */ (null));
  async function look() {
    tell(null);
    try {
      tell(await ask("GET", `/api/operations/${id}/readiness`, { missing: Array.isArray, exposed: Number.isInteger }));
    } catch (error) {
      tell(/** @type {Failure} */ (error));
    }
  }
  return { ready, look };
}

/** Whether a reason is to be given; where nobody could look, one is. @param {Readiness | Failure | null} ready */
export function keepsBack(ready) {
  return ready instanceof Failure || Boolean(ready?.missing.some((each) => each.hard));
}

/** @param {{ ready: Readiness | Failure | null }} props */
export function Missing({ ready }) {
  const facts = useShown((state) => state.facts) ?? NOBODY_KNOWN;
  if (!ready) return html`<p class="quiet">${t("One moment…")}</p>`;
  if (ready instanceof Failure) return html`<p class="urgent">${t("Nobody could look at what is missing. {why}", { why: failureWords(ready) })}</p>`;
  const hard = ready.missing.filter((each) => each.hard);
  const advice = ready.missing.filter((each) => !each.hard);
  const rows = (/** @type {Readiness["missing"]} */ missing) => html`<ul>
    ${missing.map((each) => html`<li key=${each.what}>
      ${missingWords(each.what)}${each.people.length > 0 && html`: <b>${listed(each.people.map((one) => personName(one, facts)))}</b>`}
    </li>`)}
  </ul>`;
  return html`
    ${hard.length > 0 ? html`<p class="urgent">${t("MISSING: {count}", { count: hard.length })}</p>${rows(hard)}` : html`<p class="calm">${t("Nothing is missing that can be looked up.")}</p>`}
    ${advice.length > 0 && html`<p>${t("To look after:")}</p>${rows(advice)}`}
    <p class="quiet">${t("So many people can know time and place: {count}. Whether the brief is filled in the records tell: it is sealed.", { count: ready.exposed })}</p>
  `;
}
