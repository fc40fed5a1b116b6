// What can be told from an alert, and what must be heard.
import assert from "node:assert/strict";
import { test } from "node:test";

import { NOTHING_HEARD, calledBy, hear, rings, rungBy } from "../../server/console/alarm.js";
import { acceptances, calls, knownOf, mayAccept, rooms, silentAgencies, unreachedPeople } from "../../server/console/alert_facts.js";
import { ANA, BORIS, KEY, POLICE, SHELTER, accepted, alert, delivered, delivery, ended, recipient } from "./world.mjs";

const VESNA = "00000000-0000-4000-8000-00000000000e";
const inRooms = (...deliveries) => {
  const found = rooms(alert({ deliveries }));
  return Object.fromEntries(Object.entries(found).map(([state, those]) => [state, those.map((each) => each.id)]));
};

test("an alert tells its raiser no more than is known", () => {
  assert.equal(knownOf(alert()), "stored");
  assert.equal(knownOf(alert({ deliveries: [delivery(BORIS, "sent", "alert_not_delivered_to_desk")] })), "stored");
  assert.equal(knownOf(delivered()), "delivered");
  assert.equal(knownOf(accepted({ deliveries: [] })), "accepted");
  assert.equal(knownOf(ended()), "ended");
});

test("a room was reached when a call came into it, and the last call counts", () => {
  const [ring, details] = ["alert_ring", "alert_details"];
  assert.deepEqual(inRooms(delivery("a", "pending", ring)), { reached: [], waiting: ["a"], missed: [] });
  assert.deepEqual(inRooms(delivery("a", "sent", ring), delivery("a", "failed", details)), { reached: ["a"], waiting: [], missed: [] });
  assert.deepEqual(inRooms(delivery("a", "failed", ring), delivery("a", "sent", details)), { reached: ["a"], waiting: [], missed: [] });
  assert.deepEqual(inRooms(delivery("a", "sent", ring), delivery("a", "quarantined", ring)), { reached: [], waiting: [], missed: ["a"] });
  assert.deepEqual(inRooms(delivery("a", "failed", ring), delivery("a", "pending", ring)), { reached: [], waiting: [], missed: ["a"] });
  assert.deepEqual(inRooms(delivery("a", "withdrawn", ring), delivery("b", "sent", "drill_details")), { reached: ["b"], waiting: [], missed: [] });
  assert.deepEqual(inRooms(delivery("a", "sent", "alert_accepted")), { reached: [], waiting: [], missed: [] });
});

test("who accepted is named once, the earliest first; who is silent must still accept", () => {
  const answered = alert({
    recipients: [
      recipient(VESNA, POLICE, "2026-03-02T09:03:00+00:00"),
      recipient(BORIS, SHELTER, "2026-03-02T09:02:00Z"),
      recipient(BORIS, POLICE, "2026-03-02T09:02:00Z"),
    ],
    agencies: [
      { agency: SHELTER, part: "informed", acknowledged_by: null, acknowledged_at: null },
      { agency: POLICE, part: "responder", acknowledged_by: null, acknowledged_at: null },
      { agency: "x", part: "responder", acknowledged_by: BORIS, acknowledged_at: "2026-03-02T09:02:00Z" },
    ],
    deliveries: [delivery("a", "sent", "alert_ring", [BORIS, ANA]), delivery("b", "sent", "alert_ring", [ANA])],
  });
  assert.deepEqual(acceptances(answered).map((each) => each.person), [BORIS, VESNA]);
  const [first, ...others] = answered.recipients;
  const byTelephone = alert({ recipients: [{ ...first, by_telephone: true }, ...others] });
  assert.deepEqual(acceptances(byTelephone).filter((each) => each.telephone).map((each) => each.person), [VESNA]);
  assert.deepEqual(silentAgencies(answered), [POLICE]);
  assert.deepEqual(unreachedPeople(answered), [ANA]);
});

test("only those who were called and have not answered may accept", () => {
  assert.equal(mayAccept(alert(), BORIS), true);
  assert.equal(mayAccept(alert(), ANA), false);
  assert.equal(mayAccept(accepted(), BORIS), false);
  assert.equal(mayAccept(ended({ recipients: [recipient(BORIS, POLICE)] }), BORIS), false);
});

test("an alert calls until somebody has accepted for each agency that one was called for", () => {
  assert.equal(calls(alert(), BORIS), true);
  assert.equal(calls(alert(), VESNA), false);
  assert.equal(calls(alert({ status: "Exercise" }), BORIS), false);
  assert.equal(calls(alert({ recipients: [recipient(BORIS, POLICE), recipient(VESNA, POLICE, "2026-03-02T09:01:00Z")] }), BORIS), false);
  const two = [recipient(BORIS, POLICE), recipient(BORIS, SHELTER), recipient(VESNA, POLICE, "2026-03-02T09:01:00Z")];
  assert.equal(calls(alert({ recipients: two }), BORIS), true);
  const own = [recipient(BORIS, POLICE, "2026-03-02T09:01:00Z"), recipient(BORIS, SHELTER)];
  assert.equal(calls(alert({ recipients: own }), BORIS), false);
});

const listen = (before, alerts, { pressed = new Set(), silenced = new Set() } = {}) => hear(before, { alerts, pressed, silenced }, BORIS);

test("a new alert sounds until it is answered, and is told of once", () => {
  const first = listen(NOTHING_HEARD, [alert()]);
  assert.equal(first.ringing, true);
  assert.deepEqual(first.fresh.map((each) => each.id), [KEY]);
  const second = listen(first, [delivered()]);
  assert.equal(second.ringing, true);
  assert.deepEqual(second.fresh, []);
  assert.equal(listen(second, [accepted()]).ringing, false);
  assert.equal(listen(second, [ended()]).ringing, false);
});

test("one's own alert is never heard, nor one in which one pressed too; an exercise only softly", () => {
  assert.equal(listen(NOTHING_HEARD, [alert({ raised_by: BORIS })]).ringing, false);
  assert.deepEqual(listen(NOTHING_HEARD, [alert({ pressed_by: [ANA, BORIS] })]).fresh, []);
  const drill = listen(NOTHING_HEARD, [alert({ status: "Exercise" })]);
  assert.equal(drill.ringing, false);
  assert.deepEqual([drill.fresh.length, drill.freshDrills.length], [0, 1]);
});

test("what was silenced sounds again when more people are called, or the same once more", () => {
  const before = listen(NOTHING_HEARD, [alert()]);
  const silenced = new Set([KEY]);
  const more = alert({ recipients: [recipient(BORIS, POLICE), recipient(VESNA, POLICE)] });
  const once = alert({ deliveries: [delivery(BORIS, "sent"), delivery(BORIS, "pending", "alert_raised_again")] });
  for (const further of [more, once]) {
    const called = listen(before, [further], { silenced });
    assert.deepEqual([called.ringing, called.fresh.length, called.silenced.size], [true, 1, 0]);
    assert.equal(listen(called, [further], { silenced }).ringing, false);
  }
  assert.equal(listen(before, [delivered()], { silenced }).ringing, false);
});

test("what was silenced is silent, until it is raised anew after an answer; another one sounds", () => {
  const silenced = new Set([KEY]);
  const quiet = listen(listen(NOTHING_HEARD, [alert()]), [alert()], { silenced });
  assert.equal(quiet.ringing, false);
  assert.equal(listen(quiet, [alert(), alert({ id: "another" })], { silenced }).ringing, true);
  const answered = listen(quiet, [accepted()], { silenced });
  const again = listen(answered, [alert()], { silenced: answered.silenced });
  assert.equal(again.ringing, true);
  assert.deepEqual(again.fresh.map((each) => each.id), [KEY]);
});

test("a call for help is heard before a test of duty, and either until it is answered or silenced", () => {
  const call = { id: "c", person: ANA, agencies: [], began_at: "", times: 0, taken_at: null };
  const ring = { id: "r", desk: "d", person: BORIS, shift_begins_at: "", shift_ends_at: "", state: "ringing" };
  const nothing = new Set();
  assert.equal(rings(undefined, nothing), "");
  assert.equal(rings({ rings: [ring], calls: [] }, nothing), "ring");
  assert.equal(rings({ rings: [ring], calls: [call] }, nothing), "call");
  assert.equal(rings({ rings: [ring], calls: [{ ...call, taken_at: "2026-03-02T09:03:00Z" }] }, nothing), "ring");
  assert.equal(rings({ rings: [{ ...ring, state: "stood_in" }], calls: [] }, nothing), "");
  const both = { rings: [ring], calls: [call] };
  const hushed = new Set([...calledBy(both), ...rungBy(both)]);
  assert.equal(rings(both, hushed), "");
  // It calls again, and so does the ring when others are asked.
  assert.equal(rings({ rings: [ring], calls: [{ ...call, times: 1 }] }, hushed), "call");
  assert.equal(rings({ rings: [{ ...ring, state: "deputies" }], calls: [] }, hushed), "ring");
});
