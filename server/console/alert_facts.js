/** What can be told from an alert as the API answers it: who was reached, who accepted, who is silent. Pure rules. */

/**
 * @typedef {import("./types.js").Alert} Alert
 * @typedef {import("./types.js").Delivery} Delivery
 * @typedef {"stored" | "delivered" | "accepted" | "ended"} Known
 * @typedef {{ person: string, agency: string, at: string, telephone: boolean }} Acceptance
 * @typedef {{ kind: string, id: string, at: string | null }} Room
 * @typedef {{ reached: Room[], waiting: Room[], missed: Room[] }} Rooms
 */

// The messages that call people; others only tell how it goes on.
const CALLING = /_(ring|details|raised_again)(_unverified|_device|_device_of_person|_telephone|_by_telephone|_clock)?$/;

/** @param {Alert} alert */
export function isOpen(alert) {
  return alert.state !== "stood_down";
}

/** @param {Alert} alert */
export function isDrill(alert) {
  return alert.status === "Exercise";
}

/**
 * Return what an alert tells its raiser.
 * @param {Alert} alert
 * @returns {Known}
 */
export function knownOf(alert) {
  if (!isOpen(alert)) return "ended";
  if (acceptances(alert).length) return "accepted";
  return rooms(alert).reached.length ? "delivered" : "stored";
}

/**
 * Return who accepted, each once, the earliest first.
 * @param {Alert} alert
 * @returns {Acceptance[]}
 */
export function acceptances(alert) {
  const found = alert.recipients.flatMap((each) =>
    each.acknowledged_at === null
      ? []
      : [{ person: each.person, agency: each.agency, at: each.acknowledged_at, telephone: each.by_telephone }],
  );
  found.sort((one, other) => Date.parse(one.at) - Date.parse(other.at));
  return found.filter((each, index) => found.findIndex((first) => first.person === each.person) === index);
}

/**
 * Return the agencies that must still accept.
 * @param {Alert} alert
 */
export function silentAgencies(alert) {
  return alert.agencies.flatMap((each) => (each.part === "responder" && !each.acknowledged_by ? [each.agency] : []));
}

/**
 * Return who was to be called in a room, cannot read it there, and has not accepted elsewhere.
 * @param {Alert} alert
 */
export function unreachedPeople(alert) {
  const accepted = new Set(acceptances(alert).map((each) => each.person));
  return [...new Set(alert.deliveries.flatMap((each) => each.unreached))].filter((each) => !accepted.has(each));
}

/**
 * Return into which rooms the call came, into which it is on its way, and into which it could not be brought.
 *
 * Of several calls into one room the last that ended counts; of a ring and its details either is enough.
 * @param {Alert} alert
 * @returns {Rooms}
 */
export function rooms(alert) {
  /** @type {Map<string, { room: Room, state: string }>} */
  const found = new Map();
  for (const each of alert.deliveries) {
    if (!CALLING.test(each.template)) continue;
    const state = outcome(each);
    const before = found.get(each.target);
    if (state === "" || (before && state === "waiting")) continue;
    const repeats = !each.template.endsWith("_ring");
    if (before && repeats && before.state === "reached") continue;
    const room = { kind: each.target_kind, id: each.target, at: before?.room.at ?? each.sent_at };
    found.set(each.target, { room, state });
  }
  const all = [...found.values()];
  /** @param {string} state */
  const those = (state) => all.flatMap((each) => (each.state === state ? [each.room] : []));
  return { reached: those("reached"), waiting: those("waiting"), missed: those("missed") };
}

/**
 * Whether a person was called for an alert and has not answered yet.
 * @param {Alert} alert
 * @param {string} person
 */
export function mayAccept(alert, person) {
  if (!isOpen(alert) || (isMine(alert, person) && othersCalled(alert))) return false;
  return alert.recipients.some((each) => each.person === person && each.acknowledged_at === null);
}

/** Whether somebody was called who did not press: where all pressed they answer each other. @param {Alert} alert */
function othersCalled(alert) {
  return alert.recipients.some((each) => !alert.pressed_by.includes(each.person));
}

/**
 * @param {Alert} alert
 * @param {string} person
 */
export function hasAccepted(alert, person) {
  return alert.recipients.some((each) => each.person === person && each.acknowledged_at !== null);
}

/**
 * Whether a person is one of those who raised an alert.
 * @param {Alert} alert
 * @param {string} person
 */
export function isMine(alert, person) {
  return alert.pressed_by.includes(person);
}

/**
 * Whether an alert calls a person now: it is real, the person was called, and for some agency that the person was
 * called for nobody has accepted.
 * @param {Alert} alert
 * @param {string} person
 */
export function calls(alert, person) {
  if (!isOpen(alert) || isDrill(alert) || hasAccepted(alert, person)) return false;
  const answered = new Set([
    ...alert.agencies.flatMap((each) => (each.acknowledged_by ? [each.agency] : [])),
    ...alert.recipients.flatMap((each) => (each.acknowledged_at ? [each.agency] : [])),
  ]);
  return alert.recipients.some((each) => each.person === person && !answered.has(each.agency));
}

/** How many calls were made for an alert: each escalation and repetition makes more. @param {Alert} alert */
export function timesCalled({ recipients, deliveries }) {
  return recipients.length + deliveries.filter((each) => /_(ring|raised_again)(_device|_device_of_person|_by_telephone)?$/.test(each.template)).length;
}

/** @param {Delivery} delivery */
function outcome(delivery) {
  if (delivery.state === "sent") return "reached";
  if (delivery.state === "pending" || delivery.state === "sending") return "waiting";
  return delivery.state === "failed" || delivery.state === "quarantined" ? "missed" : "";
}
