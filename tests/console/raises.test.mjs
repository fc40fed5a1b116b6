// Several presses of one person are one call for help where they are one alert, and it goes where it was shown to go.
import assert from "node:assert/strict";
import { test } from "node:test";

import { chosenOf } from "../../server/console/channel_choice.js";
import { createRaises } from "../../server/console/raises.js";
import { NOTHING_CHOSEN, createStore, emptied, firstState } from "../../server/console/store.js";
import { REPEAT_MS } from "../../server/console/panic.js";
import { CHANNEL, KEY, StandingClock, accepted, alert, delivered, ended, settle } from "./world.mjs";

const OTHER = { compartment: "00000000-0000-4000-8000-0000000000c2", codename: "aaa-first" };

/** Presses that all become part of one alert. */
function presses(answers = {}) {
  const clock = new StandingClock();
  const store = createStore(firstState("en"));
  const asked = [];
  let keys = 0;
  const knowledge = {
    raise: async (key) => (asked.push(["raise", key]), answers.raise ? await answers.raise(key) : alert()),
    look: async (id) => (answers.raise ? await answers.raise(id) : alert()),
    standDown: async (id) => (asked.push(["stop", id]), answers.stop ? answers.stop() : alert()),
  };
  const newKey = () => (keys++ === 0 ? KEY : `key-${keys}`);
  const raises = createRaises({ clock, newKey, store, knowledge });
  const take = (what) => asked.splice(0).filter(([each]) => each === what).map(([, id]) => id);
  return { clock, store, raises, take };
}

test("a further press is sent until it is answered, and then the first stays with the alert alone", async () => {
  const { clock, store, raises, take } = presses();
  for (let press = 0; press < 50; press += 1) {
    raises.start(CHANNEL, "Actual");
    await settle();
  }
  assert.equal(take("raise").length, 50);
  assert.deepEqual(store.get().raises.map((each) => each.key), [KEY]);
  await clock.pass(REPEAT_MS);
  assert.deepEqual(take("raise"), [KEY]);
  raises.stop(KEY);
  await settle();
  assert.deepEqual(take("stop"), [KEY]);
  assert.equal(raises.guarded(), false);
  await clock.pass(10 * REPEAT_MS);
  assert.deepEqual(take("raise"), []);
  raises.dismiss(KEY);
  assert.deepEqual(store.get().raises, []);
});

test("a press whose answer is not here yet is stopped together with the alert it belongs to", async () => {
  let release = () => {};
  const { clock, raises, take } = presses({
    raise: (key) => (key === KEY ? alert() : new Promise((resolve) => void (release = () => resolve(alert())))),
    stop: () => ended(),
  });
  raises.start(CHANNEL, "Actual");
  await settle();
  raises.start(CHANNEL, "Actual");
  raises.start(OTHER, "Exercise");
  raises.stop(KEY);
  await settle();
  release();
  take("raise");
  await clock.pass(REPEAT_MS);
  assert.deepEqual(take("raise"), ["key-3"]);
});

test("a press after the stop calls anew", async () => {
  const { clock, store, raises, take } = presses();
  raises.start(CHANNEL, "Actual");
  await settle();
  raises.stop(KEY);
  await settle();
  raises.start(CHANNEL, "Actual");
  await settle();
  assert.deepEqual(store.get().raises.map((each) => [each.key, each.stop]), [["key-2", ""]]);
  assert.equal(raises.guarded(), true);
  take("raise");
  await clock.pass(REPEAT_MS);
  assert.deepEqual(take("raise"), ["key-2"]);
});

test("whoever signs out leaves what is stored, and stays with what may not be", async () => {
  const { clock, store, raises } = presses({ raise: (key) => (key === KEY ? alert() : new Promise(() => {})) });
  raises.start(CHANNEL, "Actual");
  await settle();
  raises.start(OTHER, "Exercise");
  assert.equal(raises.unsent(), true);
  raises.leave();
  assert.deepEqual(store.get().raises.map((each) => each.key), ["key-2"]);
  assert.equal(raises.unsent(), true);
  await clock.pass(REPEAT_MS);
  assert.deepEqual(store.get().raises.map((each) => each.known), ["raising"]);
});

test("a press after somebody accepted, and one of a colleague, are stayed with until it is accepted again", async () => {
  let now = accepted();
  const { clock, store, raises, take } = presses({ raise: () => now });
  raises.start(CHANNEL, "Actual");
  await settle();
  assert.deepEqual([store.get().raises[0].known, clock.waiting], ["accepted", 0]);
  // Nobody is signed in here: only the answer to the press itself tells.
  now = delivered();
  raises.start(CHANNEL, "Actual");
  await settle();
  take("raise");
  assert.deepEqual(store.get().raises.map((each) => [each.key, each.known]), [[KEY, "delivered"]]);
  await clock.pass(REPEAT_MS);
  assert.deepEqual(take("raise"), [KEY]);
  now = accepted();
  await clock.pass(REPEAT_MS);
  assert.deepEqual([store.get().raises[0].known, clock.waiting, raises.guarded()], ["accepted", 0, false]);
});

test("whoever leaves leaves nothing behind", async () => {
  const { clock, store, raises, take } = presses();
  store.set({ chosen: { channel: CHANNEL, gone: false } });
  raises.start(CHANNEL, "Actual");
  await settle();
  raises.leave();
  assert.deepEqual([store.get().raises, store.get().chosen, clock.waiting], [[], NOTHING_CHOSEN, 0]);
  take("raise");
});

test("what was shown stays chosen for as long as it is there, and then it is said that it is not", () => {
  const first = chosenOf(NOTHING_CHOSEN, [CHANNEL]);
  assert.deepEqual(first, { channel: CHANNEL, gone: false });
  assert.equal(chosenOf(first, [OTHER, CHANNEL]), first);
  const moved = chosenOf(first, [OTHER]);
  assert.deepEqual(moved, { channel: OTHER, gone: true });
  assert.equal(chosenOf(moved, [CHANNEL, OTHER]), moved);
  assert.equal(chosenOf(moved, []), NOTHING_CHOSEN);
  assert.equal(emptied({ ...firstState("en"), chosen: first }, "ended").chosen, first);
});
