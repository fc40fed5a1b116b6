// However many changes come, each thing is asked for once, and again until it was answered.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Failure } from "../../server/console/api.js";
import { GAP_MS, MANY, createRefresher, nameOf, wayOf } from "../../server/console/refreshing.js";
import { StandingClock, settle } from "./world.mjs";

function refreshing(fetch = async () => {}, mayRetry = () => true) {
  const clock = new StandingClock();
  const asked = [];
  const behind = [];
  const pictures = [];
  const refresher = createRefresher({
    clock,
    soon: (act) => pictures.push(act),
    fetch: async (name) => {
      asked.push(name);
      await fetch(name);
    },
    mayRetry,
    behind: (value) => behind.push(value),
  });
  const picture = async () => {
    pictures.splice(0).forEach((act) => act());
    await settle();
  };
  return { clock, asked, behind, refresher, picture };
}

test("a thousand changes in one picture are one request for each thing", async () => {
  const { asked, refresher, picture } = refreshing();
  for (let turn = 0; turn < 1000; turn += 1) ["a", "b", "reviews"].forEach(refresher.want);
  assert.deepEqual(asked, []);
  await picture();
  assert.deepEqual(asked, ["a", "b", "reviews"]);
});

test("what changes meanwhile is asked for once more, after a gap", async () => {
  let answer = () => {};
  const { clock, asked, refresher, picture } = refreshing(() => new Promise((resolve) => void (answer = resolve)));
  refresher.want("a");
  await picture();
  for (let turn = 0; turn < 10; turn += 1) {
    refresher.want("a");
    await picture();
  }
  assert.equal(asked.length, 1);
  answer();
  await clock.pass(GAP_MS - 1);
  assert.equal(asked.length, 1);
  await clock.pass(1);
  assert.equal(asked.length, 2);
  answer();
  await clock.pass(10 * GAP_MS);
  assert.equal(asked.length, 2);
  assert.equal(clock.waiting, 0);
});

test("many at once are the whole", async () => {
  const { asked, refresher, picture } = refreshing();
  Array.from({ length: MANY + 1 }, (_, index) => `alert-${index}`).forEach(refresher.want);
  await picture();
  assert.deepEqual(asked, ["board"]);
});

test("many ways at once are all of them, and the board does not tell of them", async () => {
  const { asked, refresher, picture } = refreshing();
  const told = (number) => nameOf({ object: "operation", id: `way-${number}` });
  for (let number = 0; number <= MANY; number += 1) refresher.want(told(number));
  ["board", "safeCalls", "reviews", nameOf({ object: "alert", id: "a" })].forEach(refresher.want);
  await picture();
  assert.deepEqual(asked, ["board", "ways", "safeCalls"]);
  assert.deepEqual([wayOf(told(1)), wayOf("a"), nameOf({ object: "review", id: "r" }), nameOf({ object: "safe_call", id: "s" }), nameOf({ object: "duty", id: "d" })], ["way-1", "", "reviews", "safeCalls", "board"]);
});

test("a failure is told and mended, as late as the server asks for; waking up does not wait", async () => {
  let works = false;
  const { clock, asked, behind, refresher, picture } = refreshing(async () => {
    if (!works) throw new Failure("refused", 429, "", 30);
  });
  refresher.want("a");
  await picture();
  assert.equal(behind.at(-1), true);
  await clock.pass(29_999);
  assert.equal(asked.length, 1);
  await clock.pass(1);
  assert.equal(asked.length, 2);
  works = true;
  refresher.kick();
  await settle();
  assert.equal(asked.length, 3);
  assert.equal(behind.at(-1), false);
});

test("what may not be retried is left", async () => {
  const { clock, asked, refresher, picture } = refreshing(
    async () => {
      throw new Failure("refused", 401);
    },
    () => false,
  );
  refresher.want("board");
  await picture();
  await clock.pass(60_000);
  assert.equal(asked.length, 1);
});

test("whoever signs out is asked for nothing any more, and the next one for everything", async () => {
  const { clock, asked, refresher, picture } = refreshing(async () => {
    throw new Failure("unreachable");
  });
  refresher.want("a");
  await picture();
  refresher.want("b");
  refresher.stop();
  await picture();
  await clock.pass(60_000);
  assert.deepEqual(asked, ["a"]);
  refresher.want("a");
  await picture();
  assert.deepEqual(asked, ["a", "a"]);
});

test("what the whole does not tell of is fetched by itself, however much it is, a few at a time", async () => {
  const names = Array.from({ length: 4 * MANY }, (_, index) => `alert-${index}`);
  const waiting = [];
  const { clock, asked, refresher } = refreshing(() => new Promise((resolve) => waiting.push(resolve)));
  refresher.wantEach(names);
  assert.deepEqual(asked, names.slice(0, MANY));
  while (waiting.length) {
    assert.ok(waiting.length <= MANY);
    waiting.splice(0).forEach((resolve) => resolve());
    await clock.pass(GAP_MS);
  }
  assert.deepEqual(asked, names);
});

test("what cannot be fetched keeps nothing else waiting", async () => {
  const names = Array.from({ length: MANY + 1 }, (_, index) => `alert-${index}`);
  const { asked, refresher } = refreshing(async (name) => {
    if (name !== names.at(-1)) throw new Failure("refused", 500);
  });
  refresher.wantEach(names);
  await settle();
  assert.equal(asked.includes(names.at(-1)), true);
});

test("whoever signs out is not asked for what was waiting either", async () => {
  const names = Array.from({ length: MANY + 1 }, (_, index) => `alert-${index}`);
  const { clock, asked, refresher } = refreshing();
  refresher.wantEach(names);
  refresher.stop();
  await clock.pass(60_000);
  assert.deepEqual(asked, names.slice(0, MANY));
});
