/** Ways that are watched step by step: who is out, who goes next, what is over; and safe-calls between them. */
import { useShown } from "../drawing.js";
import { isOld } from "../live.js";
import { t } from "../texts.js";
import { html, useState } from "../vendor/preact.js";
import { SafeCalls } from "./safe_calls.js";
import { Way } from "./way.js";
import { inOrder, isAhead, isLate, isOut, isOver } from "./way_facts.js";
import { PlanWay } from "./way_plan.js";

// So many are shown at once; the rest on demand.
const AT_ONCE = 12;

export function WaysScreen() {
  const ways = useShown((state) => state.ways.known);
  const old = useShown(isOld);
  const out = inOrder((ways ?? []).filter(isOut));
  const late = out.filter((each) => !each.drill && isLate(each)).length;
  return html`
    <main id="main" tabindex="-1" class=${old ? "ways old" : "ways"}>
      <h1>${t("On the way")}</h1>
      ${!ways && html`<p class="quiet">${t("One moment…")}</p>`}
      ${late > 0 && html`<p class="urgent"><strong>${t("LATE: {count}", { count: late })}</strong></p>`}
      ${ways && !out.length && html`<p class="calm">${t("Nobody is on the way.")}</p>`}
      <${Some} ways=${out} least=${late} />
      <${SafeCalls} />
      <div><${PlanWay} /></div>
      <${Section} id="ahead" words=${t("Ahead")} ways=${inOrder((ways ?? []).filter(isAhead))} />
      <${Section} id="over" words=${t("Over: to be talked about, then closed")} ways=${inOrder((ways ?? []).filter(isOver))} />
    </main>
  `;
}

/** @param {{ id: string, words: string, ways: Operation[] }} props */
function Section({ id, words, ways }) {
  if (!ways.length) return null;
  return html`
    <section aria-labelledby=${id}>
      <h2 id=${id}>${words} (${ways.length})</h2>
      <${Some} ways=${ways} least=${0} />
    </section>
  `;
}

/** @typedef {import("../types.js").Operation} Operation */

/** The first of them, the others when somebody asks. @param {{ ways: Operation[], least: number }} props */
function Some({ ways, least }) {
  const [all, showAll] = useState(false);
  const shown = all ? ways : ways.slice(0, Math.max(AT_ONCE, least));
  return html`
    ${shown.map((each) => html`<${Way} key=${each.operation} way=${each} open=${isOut(each) && ways.length <= 2} />`)}
    ${ways.length > shown.length && html`<button type="button" onClick=${() => showAll(true)}>${t("Show all: {count}", { count: ways.length })}</button>`}
  `;
}
