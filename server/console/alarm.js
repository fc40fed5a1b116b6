/** Decides what must be heard here: which alerts call this person now, and of which nobody has been told yet. */
import { calls, isDrill, isMine, isOpen } from "./alert_facts.js";

/**
 * @typedef {import("./types.js").Alert} Alert
 * @typedef {import("./types.js").State} State
 *
 * @typedef {object} Heard
 * @property {ReadonlySet<string>} known Every open alert that was told of.
 * @property {ReadonlySet<string>} calling Those that call this person, silenced or not.
 * @property {ReadonlySet<string>} silenced
 */

/** @type {Heard} */
export const NOTHING_HEARD = { known: new Set(), calling: new Set(), silenced: new Set() };

/**
 * Return what is to be heard now, and what is new since before. A silenced alert calls again when it was answered in
 * the meantime and then raised anew.
 * @param {Heard} before
 * @param {Pick<State, "alerts" | "silenced">} state
 * @param {string} me
 * @returns {Heard & { ringing: boolean, fresh: Alert[], freshDrills: Alert[] }}
 */
export function hear(before, { alerts, silenced }, me) {
  const open = alerts.filter(isOpen);
  const others = open.filter((each) => !isMine(each, me));
  const calling = new Set(others.flatMap((each) => (calls(each, me) ? [each.id] : [])));
  const again = [...calling].filter((each) => before.known.has(each) && !before.calling.has(each));
  const still = new Set([...silenced].filter((each) => calling.has(each) && !again.includes(each)));
  const fresh = others.filter((each) => !before.known.has(each.id) || again.includes(each.id));
  return {
    known: new Set(open.map((each) => each.id)),
    calling,
    silenced: still.size === silenced.size ? silenced : still,
    ringing: [...calling].some((each) => !still.has(each)),
    fresh: fresh.filter((each) => !isDrill(each)),
    freshDrills: fresh.filter(isDrill),
  };
}
