// When keys are locked away by themselves, on machines that sleep too: then no timer of theirs ends in time.
import assert from "node:assert/strict";
import { test } from "node:test";

import { OUT_OF_SIGHT_MS, UNUSED_MS, createGuard } from "../../server/console/records/guarding.js";
import { StandingClock } from "./world.mjs";

/** A machine: `sleep` lets the wall clock go on, and no timer with it. */
function guarded() {
  const clock = new StandingClock();
  let slept = 0;
  const told = [];
  const machine = { now: () => clock.now() + slept, after: clock.after };
  const guard = createGuard(machine, () => {
    told.push("locked");
    guard.end();
  });
  guard.begin();
  return { clock, guard, told, sleep: (ms) => (slept += ms) };
}

test("without a hand for a quarter of an hour keys are locked, and once", async () => {
  const { clock, guard, told } = guarded();
  await clock.pass(UNUSED_MS - 1);
  guard.used();
  await clock.pass(UNUSED_MS - 1);
  assert.deepEqual(told, []);
  await clock.pass(1);
  guard.wake();
  guard.used();
  await clock.pass(2 * UNUSED_MS);
  assert.deepEqual(told, ["locked"]);
});

for (const [how, wakes] of [["comes back", "wake"], ["is touched", "used"]]) {
  test(`a machine that slept is locked when the page ${how}`, () => {
    const { guard, told, sleep } = guarded();
    sleep(UNUSED_MS);
    guard[wakes]();
    assert.deepEqual(told, ["locked"]);
  });
}

test("a hand that comes before the time is up keeps the keys, after sleep too", () => {
  const { guard, told, sleep } = guarded();
  for (const _ of [1, 2, 3]) {
    sleep(UNUSED_MS - 1);
    guard.used();
  }
  assert.deepEqual(told, []);
});

test("out of sight they are locked sooner, by the timer or by the clock", async () => {
  for (const sleeps of [false, true]) {
    const { clock, guard, told, sleep } = guarded();
    guard.sight(false);
    if (sleeps) sleep(OUT_OF_SIGHT_MS);
    else await clock.pass(OUT_OF_SIGHT_MS);
    guard.sight(true);
    assert.deepEqual(told, ["locked"]);
  }
});

test("who was out of sight for a moment goes on, with the whole time before them", async () => {
  const { clock, guard, told } = guarded();
  for (const _ of [1, 2]) {
    guard.sight(false);
    await clock.pass(OUT_OF_SIGHT_MS - 1);
    guard.sight(true);
  }
  assert.deepEqual(told, []);
});

test("a clock that was put back hides nothing; one that is put right a little locks nobody out", () => {
  const { guard, told, sleep } = guarded();
  sleep(-30_000);
  guard.used();
  assert.deepEqual(told, []);
  sleep(-3_600_000);
  guard.wake();
  assert.deepEqual(told, ["locked"]);
});

test("where nothing is unlocked nothing is locked", async () => {
  const { clock, guard, told, sleep } = guarded();
  guard.end();
  guard.sight(false);
  sleep(UNUSED_MS);
  guard.wake();
  guard.used();
  assert.deepEqual(told, []);
  await clock.pass(1);
});
