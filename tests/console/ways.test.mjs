// What is known of ways: an answer never overwrites one that was asked for later, in whatever order they come.
import assert from "node:assert/strict";
import { test } from "node:test";

import { NO_WAYS, withWay, withWays, withoutWay } from "../../server/console/ways.js";
import { isLate, inOrder } from "../../server/console/rare/way_facts.js";
import { way } from "./world.mjs";

const names = (ways) => ways.known.map((each) => `${each.operation} ${each.status}`).sort();

test("a list that was asked for before something changed does not bring the old back", () => {
  const listed = withWays(NO_WAYS, [way("one"), way("two"), way("three")], 1, false);
  const told = withoutWay(withWay(listed, way("one", { status: "in_progress" }), 3), "two", 4);
  assert.deepEqual(names(withWays(told, [way("one"), way("two")], 2, false)), ["one in_progress"]);
  assert.deepEqual(names(withWays(told, [way("one"), way("two")], 5, false)), ["one go", "two go"]);
});

test("where this person may see something else now, what was asked for before brings nothing back", () => {
  const before = withWay(withWays(NO_WAYS, [way("one")], 1, false), way("two"), 2);
  const anew = withWays(before, [way("one")], 4, true);
  assert.deepEqual(names(anew), ["one go"]);
  assert.deepEqual(names(withWay(anew, way("two"), 3)), ["one go"]);
  assert.deepEqual(names(withWay(anew, way("two"), 5)), ["one go", "two go"]);
});

test("what did not change stays the same object", () => {
  const before = withWays(NO_WAYS, [way("one"), way("two")], 1, false);
  const after = withWays(before, [way("one"), way("two", { status: "diverted" })], 2, false);
  assert.equal(after.known[0], before.known[0]);
  assert.notEqual(after.known[1], before.known[1]);
  assert.equal(withWays(before, [way("one"), way("two")], 2, false).known, before.known);
});

test("before they were listed once, one alone is not taken for all", () => {
  assert.equal(withWay(NO_WAYS, way("one"), 1).known, null);
});

test("what is late stands first, and no exercise before what is real", () => {
  const late = (id, changes = {}) => way(id, { steps: [{ ...way(id).steps[0], late: true }], ...changes });
  const shown = inOrder([late("drill", { drill: true }), way("soon"), late("late")]);
  assert.deepEqual(shown.map((each) => each.operation), ["late", "soon", "drill"]);
  assert.equal(isLate(shown[0]), true);
});
