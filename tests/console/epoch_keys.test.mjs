// Keys of epochs are wiped when keys are locked away, wherever whoever had them has gone since.
import assert from "node:assert/strict";
import { test } from "node:test";

import { createEpochKeys } from "../../server/console/records/epoch_keys.js";
import { settle } from "./world.mjs";

function aKey(number) {
  const key = new Uint8Array(32).fill(number);
  const newest = { number, key, wrapKey: key };
  return { number, newest, refused: "", older: async () => newest, again: () => {}, wipe: () => void key.fill(0) };
}

const isWiped = ({ newest: { key } }) => key.every((each) => each === 0);

test("keys of all cases that were opened are wiped, not only of the last", async () => {
  const keys = createEpochKeys();
  const held = [];
  for (const number of [1, 2, 3]) held.push(await keys.held(Promise.resolve(aKey(number))));
  assert.equal(await keys.held(Promise.resolve(null)), null);
  assert.deepEqual(held.map(isWiped), [false, false, false]);
  keys.wipe();
  assert.deepEqual(held.map(isWiped), [true, true, true]);
  // Whoever unlocks again has theirs.
  assert.equal(isWiped(await keys.held(Promise.resolve(aKey(4)))), false);
});

test("a key that comes after the locking is wiped and used for nothing", async () => {
  const keys = createEpochKeys();
  const late = aKey(1);
  let come;
  const asked = keys.held(new Promise((resolve) => (come = resolve)));
  await settle();
  keys.wipe();
  come(late);
  await assert.rejects(asked, { outcome: "locked" });
  assert.ok(isWiped(late));
});
