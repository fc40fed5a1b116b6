/** Decides what must be heard here: which alerts call this person now, and of which nobody has been told yet. */
import { calls, isDrill, isMine, isOpen, timesCalled } from "./alert_facts.js";

/**
 * @typedef {import("./types.js").Alert} Alert
 * @typedef {import("./types.js").State} State
 * @typedef {import("./types.js").Heard} Heard
 */

/** @type {Heard} */
export const NOTHING_HEARD = { known: new Set(), calling: new Map(), silenced: new Set() };

/**
 * Return what is to be heard now, and what is new since before. A silenced alert calls again with each further call, and
 * when it was answered in the meantime and then raised anew.
 * @param {Heard} before
 * @param {Pick<State, "alerts" | "silenced">} state
 * @param {string} me
 * @returns {Heard & { ringing: boolean, fresh: Alert[], freshDrills: Alert[] }}
 */
export function hear(before, { alerts, silenced }, me) {
  const open = alerts.filter(isOpen);
  const others = open.filter((each) => !isMine(each, me));
  const calling = new Map(others.filter((each) => calls(each, me)).map((each) => [each.id, timesCalled(each)]));
  const again = [...calling.keys()].filter(
    (each) => before.known.has(each) && (calling.get(each) ?? 0) > (before.calling.get(each) ?? 0),
  );
  const still = new Set([...silenced].filter((each) => calling.has(each) && !again.includes(each)));
  const fresh = others.filter((each) => !before.known.has(each.id) || again.includes(each.id));
  return {
    known: new Set(open.map((each) => each.id)),
    calling,
    silenced: still.size === silenced.size ? silenced : still,
    ringing: [...calling.keys()].some((each) => !still.has(each)),
    fresh: fresh.filter((each) => !isDrill(each)),
    freshDrills: fresh.filter(isDrill),
  };
}

/**
 * Return what of what rings this person, and is no alert, is to be heard: a call for help before a test of duty. A
 * silenced one is heard again when it calls again.
 * @param {import("./types.js").Rung | undefined} rung
 * @param {ReadonlySet<string>} hushed
 */
export function rings(rung, hushed) {
  const [call, ring] = [calledBy(rung), rungBy(rung)].map((names) => names.some((each) => !hushed.has(each)));
  return call ? "call" : ring ? "ring" : "";
}

/** @param {import("./types.js").Rung} [rung] @returns {string[]} calls that nobody has taken, each time by another name */
export function calledBy(rung) {
  return (rung?.calls ?? []).flatMap((each) => (each.taken_at ? [] : [`${each.id} ${each.times}`]));
}

/** @param {import("./types.js").Rung} [rung] @returns {string[]} test rings for which nobody stands in either */
export function rungBy(rung) {
  return (rung?.rings ?? []).flatMap((each) => (each.state === "stood_in" ? [] : [`${each.id} ${each.state}`]));
}
