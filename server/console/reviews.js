/** Which cases are to be assessed again: the overdue ones apart, those due soon, and later ones on demand. */
import { memo, useShown } from "./drawing.js";
import { personName } from "./names.js";
import { t } from "./texts.js";
import { Time, usePresent } from "./time.js";
import { html, useState } from "./vendor/preact.js";
import { levelWords } from "./words.js";

/**
 * @typedef {import("./types.js").Facts} Facts
 * @typedef {import("./types.js").Review} Review
 */

const SOON_MS = 7 * 24 * 3600 * 1000;
const AT_ONCE = 5;

/** Said beside the alerts, however many there are. */
export const Overdue = memo(
  /** @param {{ facts: Facts }} props */
  ({ facts }) => {
    const { reviews, overdue } = useDue();
    const [all, showAll] = useState(false);
    if (!overdue) return null;
    return html`
      <section class="overdue" aria-labelledby="overdue">
        <h2 id="overdue" tabindex="-1">${t("Reviews OVERDUE: {count}", { count: overdue })}</h2>
        <p class="quiet">${t("The level may be stale: treat the risk as high, and ring the owner.")}</p>
        <${Rows} reviews=${reviews.slice(0, all ? overdue : Math.min(overdue, AT_ONCE))} facts=${facts} late=${true} />
        ${overdue > AT_ONCE &&
        html`<button type="button" aria-expanded=${all ? "true" : "false"} onClick=${() => showAll(!all)}>
          ${all ? t("Show fewer") : t("Show all: {count}", { count: overdue })}
        </button>`}
      </section>
    `;
  },
);

/** Where they are further down: one line at the top leads there, and the address stays as it is. */
export function ToOverdue() {
  const { overdue } = useDue();
  if (!overdue) return null;
  const lead = () => {
    const heading = document.getElementById("overdue");
    heading?.scrollIntoView();
    heading?.focus({ preventScroll: true });
  };
  return html`<p class="to-overdue">
    <button type="button" onClick=${lead}>${t("Reviews OVERDUE: {count}", { count: overdue })}</button>
  </p>`;
}

export const Reviews = memo(
  /** @param {{ facts: Facts }} props */
  ({ facts }) => {
    const { reviews, overdue, soon } = useDue();
    const [all, showAll] = useState(false);
    const later = reviews.length - soon;
    return html`
      <section class="reviews" aria-labelledby="reviews">
        <h2 id="reviews">${t("Reviews due")}</h2>
        <h3>${t("Due within seven days: {count}", { count: soon - overdue })}</h3>
        ${soon > overdue
          ? html`<${Rows} reviews=${reviews.slice(overdue, soon)} facts=${facts} late=${false} />`
          : html`<p class="calm">${t("Nothing is due.")}</p>`}
        ${later > 0 &&
        html`<button type="button" aria-expanded=${all ? "true" : "false"} onClick=${() => showAll(!all)}>
          ${all ? t("Hide the later ones") : t("Show the later ones: {count}", { count: later })}
        </button>`}
        ${all && later > 0 && html`<${Rows} reviews=${reviews.slice(soon)} facts=${facts} late=${false} />`}
      </section>
    `;
  },
);

/** The earliest is the first: how many are overdue, and how many are due soon, says which. */
function useDue() {
  const reviews = useShown((state) => state.reviews);
  const overdue = usePresent((now) => dueBefore(reviews, now));
  const soon = usePresent((now) => dueBefore(reviews, now + SOON_MS));
  return { reviews, overdue, soon };
}

/** @param {{ reviews: readonly Review[], facts: Facts, late: boolean }} props */
function Rows({ reviews, facts, late }) {
  return html`<ul class="rows">
    ${reviews.map(
      (each) => html`<${Row} key=${each.id} review=${each} owner=${personName(each.owner, facts)} late=${late} />`,
    )}
  </ul>`;
}

const Row = memo(
  /** @param {{ review: Review, owner: string, late: boolean }} props */
  ({ review, owner, late }) => html`
    <li>
      <strong>${review.codename}</strong>
      <span>${levelWords(review.level)}</span>
      <span>${t("Owner: {person}", { person: owner })}</span>
      <span class=${late ? "late" : ""}>
        ${late ? t("OVERDUE since") : t("due")}${" "}<${Time} at=${review.due_at} />${" "}
        <span class="far">(<${Time} at=${review.due_at} far=${true} />)</span>
      </span>
    </li>
  `,
);

/** @param {readonly Review[]} reviews @param {number} moment */
function dueBefore(reviews, moment) {
  const first = reviews.findIndex((each) => Date.parse(each.due_at) >= moment);
  return first === -1 ? reviews.length : first;
}
