/** On the board: who is on the way now, what is late first; the rest of it stands on its own screen. */
import { memo, useShown } from "../drawing.js";
import { t } from "../texts.js";
import { Time } from "../time.js";
import { html } from "../vendor/preact.js";
import { inOrder, isLate, isOut, watchedStep } from "./way_facts.js";
import { stepWords } from "./way_words.js";

/** @typedef {import("../types.js").Operation} Operation */

const AT_ONCE = 5;

export const Out = memo(() => {
  const ways = useShown((state) => state.ways.known) ?? [];
  const out = inOrder(ways.filter(isOut));
  if (!out.length) return null;
  const late = out.filter((each) => isLate(each) && !each.drill).length;
  return html`
    <section class=${late ? "overdue" : "out"} aria-labelledby="on-the-way">
      <h2 id="on-the-way">${late ? t("On the way, LATE: {count}", { count: late }) : t("On the way: {count}", { count: out.length })}</h2>
      <ul class="rows">
        ${out.slice(0, AT_ONCE).map((each) => html`<${Row} key=${each.operation} way=${each} />`)}
      </ul>
      <p><a href="#/ways">${t("All who are on the way: {count}", { count: out.length })}</a></p>
    </section>
  `;
});

const Row = memo(
  /** @param {{ way: Operation }} props */
  ({ way }) => {
    const step = watchedStep(way);
    const late = isLate(way);
    return html`
      <li>
        ${way.drill && html`<span class="tag">${t("EXERCISE")}</span>`}
        <strong>${way.codename}</strong>
        ${step?.due_at &&
        html`<span class=${late ? "late" : ""}>
          ${late ? t("LATE") : t("next")}: ${stepWords(step.kind)}, <${Time} at=${step.due_at} />${" "}
          <span class="far">(<${Time} at=${step.due_at} far=${true} />)</span>
        </span>`}
        ${way.dark_until && html`<span>${t("Telephones are off until")} <${Time} at=${way.dark_until} /></span>`}
      </li>
    `;
  },
);
