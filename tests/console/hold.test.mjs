// Only a hold of one and a half seconds counts.
import assert from "node:assert/strict";
import { test } from "node:test";

import { HOLD_MS, createHold } from "../../server/console/hold.js";
import { StandingClock } from "./world.mjs";

function held() {
  const clock = new StandingClock();
  const told = [];
  return { clock, told, hold: createHold({ clock, changed: (holding) => told.push(holding) }) };
}

test("holding long enough is done once, however long it goes on", async () => {
  const { clock, told, hold } = held();
  hold.press();
  hold.press();
  await clock.pass(HOLD_MS - 1);
  assert.deepEqual(told, ["holding"]);
  await clock.pass(10 * HOLD_MS);
  hold.release();
  assert.deepEqual(told, ["holding", "done"]);
});

test("letting go undoes it, and the next hold begins anew", async () => {
  const { clock, told, hold } = held();
  hold.release();
  hold.press();
  await clock.pass(HOLD_MS - 1);
  hold.release();
  hold.press();
  await clock.pass(HOLD_MS - 1);
  assert.deepEqual(told, ["holding", "released", "holding"]);
  await clock.pass(1);
  assert.deepEqual(told.at(-1), "done");
});
