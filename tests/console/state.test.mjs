// What is known is never overwritten by what was asked for earlier, and what did not change stays the same object.
import assert from "node:assert/strict";
import { test } from "node:test";

import { missing, reuse, withAlert, withBoard, withReviews, withoutAlert } from "../../server/console/merging.js";
import { createStore, emptied, firstState } from "../../server/console/store.js";
import { ANA, BORIS, CHANNEL, KEY, accepted, alert, board, delivered, ended, recipient, review } from "./world.mjs";

const OTHER = "00000000-0000-4000-8000-0000000000d2";
const copy = (value) => JSON.parse(JSON.stringify(value));
const with_ = (state, patch) => ({ ...state, ...patch });
const onBoard = (state, answer, number, anew = false) => with_(state, withBoard(state, answer, number, { anew }));

test("equal parts are kept, in lists by their id", () => {
  const old = [{ id: "a", n: [1] }, { id: "b", n: [2] }];
  assert.equal(reuse(old, copy(old)), old);
  const next = reuse(old, copy([old[1], { id: "c", n: [] }, old[0]]));
  assert.equal(next[0], old[1]);
  assert.equal(next[2], old[0]);
  const changed = reuse({ x: old, y: { z: 1 } }, { x: copy(old), y: { z: 2 } });
  assert.equal(changed.x, old);
  assert.deepEqual(changed.y, { z: 2 });
  assert.deepEqual(reuse([1], { a: 1 }), { a: 1 });
  assert.deepEqual(reuse({ a: 1, b: 2 }, { a: 1 }), { a: 1 });
  assert.equal(reuse(null, 5), 5);
});

test("one changed review of five hundred is one new object, and the same board is the same state", () => {
  const reviews = Array.from({ length: 500 }, (_, index) => review(index));
  const state = onBoard(firstState("en"), board({ reviews }), 1);
  const store = createStore(state);
  let changes = 0;
  store.follow(() => void (changes += 1));
  store.set({ ...withReviews(store.get(), copy(reviews)), facts: withBoard(state, copy(board({ reviews })), 2, { anew: false }).facts });
  assert.equal(changes, 0);
  const changed = copy(reviews);
  changed[250].level = "low";
  store.set(withReviews(store.get(), changed));
  assert.equal(changes, 1);
  assert.equal(store.get().reviews.filter((each, index) => each !== reviews[index]).length, 1);
});

test("an answer that was overtaken changes nothing", () => {
  const state = with_(firstState("en"), withAlert(firstState("en"), accepted(), 5));
  assert.deepEqual(withAlert(state, alert(), 4), {});
  assert.equal(onBoard(state, board({ alerts: [alert()] }), 4).alerts[0], state.alerts[0]);
  assert.equal(onBoard(state, board({ alerts: [] }), 4).alerts.length, 1);
  assert.equal(onBoard(state, board({ alerts: [alert()] }), 6).alerts[0].recipients[0].acknowledged_at, null);
});

test("an alert that a board does not list any more is looked at; where rights have changed it is gone at once", () => {
  const state = onBoard(firstState("en"), board({ alerts: [alert(), alert({ id: OTHER })] }), 1);
  const answer = board({ alerts: [alert()] });
  assert.deepEqual(missing(state, answer, 2).map((each) => each.id), [OTHER]);
  assert.deepEqual(missing(state, answer, 1), []);
  assert.equal(onBoard(state, answer, 2).alerts.length, 2);
  assert.deepEqual(onBoard(state, answer, 2, true).alerts.map((each) => each.id), [KEY]);
  assert.deepEqual(withoutAlert(state, OTHER, 3).alerts.map((each) => each.id), [KEY]);
});

test("what was asked for before rights changed, or before an alert was gone, brings nothing back", () => {
  const state = onBoard(onBoard(firstState("en"), board({ alerts: [alert()] }), 1), board(), 5, true);
  assert.deepEqual([state.alerts, withAlert(state, alert(), 4)], [[], {}]);
  assert.equal(with_(state, withAlert(state, alert(), 6)).alerts.length, 1);
  const gone = with_(firstState("en"), withoutAlert(firstState("en"), KEY, 3));
  assert.deepEqual(withAlert(gone, alert(), 2), {});
  const newer = with_(gone, withAlert(gone, alert(), 4));
  assert.deepEqual(withoutAlert(newer, KEY, 3), {});
});

test("real alerts come first, the newest before the older; what has ended stays in sight for a while", () => {
  const now = new Date().toISOString();
  const of = (id, changes) => alert({ id, ...changes });
  let state = onBoard(
    firstState("en"),
    board({
      at: now,
      alerts: [
        of("drill", { status: "Exercise", sent: "2026-03-02T09:05:00Z" }),
        of("older", { sent: "2026-03-02T09:01:00Z" }),
        of("newer", { sent: "2026-03-02T09:02:00Z" }),
      ],
    }),
    1,
  );
  state = with_(state, withAlert(state, ended({ id: "ended", stood_down_at: now }), 2));
  state = with_(state, withAlert(state, ended({ id: "long ended" }), 3));
  assert.deepEqual(state.alerts.map((each) => each.id), ["newer", "older", "drill", "ended"]);
});

test("whoever's session is over sees nothing any more, and can still raise", () => {
  const full = onBoard(firstState("en"), board({ alerts: [delivered()], reviews: [review(1)] }), 1);
  const state = emptied(full, "ended");
  assert.deepEqual([state.facts, state.alerts, state.reviews, state.session], [null, [], [], "signed_out"]);
  assert.deepEqual(state.calling, { channels: [CHANNEL], police: "192", ambulance: "194" });
});

test("where rights have changed, an alert that the board lists and that was looked at since stays", () => {
  const state = with_(firstState("en"), withAlert(firstState("en"), accepted(), 5));
  assert.deepEqual(onBoard(state, board({ alerts: [alert()] }), 4, true).alerts, state.alerts);
});
