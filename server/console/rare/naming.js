/** Choosing a circle, and people of it: what every plan begins with. */
import { useAct } from "../answering.js";
import { useConsole, useShown } from "../drawing.js";
import { NOBODY_KNOWN, personName } from "../names.js";
import { t } from "../texts.js";
import { html } from "../vendor/preact.js";

/**
 * @typedef {import("../types.js").Cases} Cases
 * @typedef {import("../types.js").Circle} Circle
 */

/**
 * Ask which circles this person is in, when they want to plan something.
 * @param {string} place the id of the button
 * @param {(circles: Circle[]) => unknown} know is given those of open cases
 */
export function useCircles(place, know) {
  const { ask, session } = useConsole();
  return useAct(place, async () => {
    /** @type {Cases} */
    const found = await ask("GET", "/api/cases", { cases: Array.isArray });
    const open = found.cases.flatMap((each) => each.compartments).filter((each) => each.closed_at === null);
    if (!open.length) session.say(noCircle(), false);
    await know(open);
  });
}

export function noCircle() {
  return t("You are in no circle of an open case.");
}

/** @param {{ id: string, circles: Circle[], value: string, choose: (id: string) => void }} props */
export function CircleField({ id, circles, value, choose }) {
  return html`
    <div class="field">
      <label for=${id}>${t("Channel")}</label>
      <select id=${id} value=${value} onChange=${(/** @type {any} */ event) => choose(event.currentTarget.value)}>
        ${circles.map((each) => html`<option key=${each.id} value=${each.id}>${each.codename}</option>`)}
      </select>
    </div>
  `;
}

/** @param {{ id: string, words: string, circle: Circle, value: string, choose: (id: string) => void, nobody?: boolean }} props `nobody` where it can stay empty */
export function PersonField({ id, words, circle, value, choose, nobody }) {
  const facts = useShown((state) => state.facts) ?? NOBODY_KNOWN;
  const people = circle.members.map((each) => ({ id: each, name: personName(each, facts) })).sort((one, other) => one.name.localeCompare(other.name));
  return html`
    <div class="field">
      <label for=${id}>${words}</label>
      <select id=${id} value=${value} onChange=${(/** @type {any} */ event) => choose(event.currentTarget.value)}>
        <option value="">${nobody ? t("nobody") : t("choose")}</option>
        ${people.map((each) => html`<option key=${each.id} value=${each.id}>${each.name}</option>`)}
      </select>
    </div>
  `;
}
