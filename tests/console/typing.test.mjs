// What is typed is kept, sealed, every few seconds: nothing that ends a page takes more of it.
import assert from "node:assert/strict";
import { test } from "node:test";

import { begun, createDrafts } from "../../server/console/records/drafts.js";
import { TYPED_MS, createLayingAside } from "../../server/console/records/laying_aside.js";
import { createStore } from "../../server/console/records/store.js";
import { StandingClock } from "./world.mjs";

const SECRET = new Uint8Array(32).fill(7);

/** Somebody who writes; `texts` are what another page would find. */
function writing(memory = null) {
  const clock = new StandingClock();
  const store = createStore({ draft: begun("case"), aside: [], laid: null });
  const drafts = createDrafts(memory);
  const keys = { secret: SECRET };
  const aside = createLayingAside(store, drafts, () => keys.secret, clock);
  const type = (text) => aside.typed({ ...store.get().draft, text });
  const texts = async () => (await drafts.opened(SECRET)).map(({ text }) => text);
  return { clock, store, keys, aside, type, texts };
}

test("what is typed is kept a few seconds later", async () => {
  const { clock, store, type, texts } = writing();
  type("Half a");
  await clock.pass(TYPED_MS - 1);
  assert.deepEqual([await texts(), store.get().laid], [[], null]);
  await clock.pass(1);
  assert.deepEqual(await texts(), ["Half a"]);
  assert.deepEqual(store.get().laid, { id: store.get().draft.id, text: "Half a", done: true });
});

test("whoever types without a pause is kept too, with one timer", async () => {
  const { clock, type, texts } = writing();
  for (let letters = 1; letters <= 10; letters += 1) {
    type("a".repeat(letters));
    assert.equal(clock.waiting, 1);
    await clock.pass(TYPED_MS / 2);
    if (letters > 1) assert.ok((await texts())[0].length >= letters - 2);
  }
});

test("a text that was emptied is kept no more, and what was sent is", async () => {
  const { clock, store, type, texts } = writing();
  type("Mine");
  await clock.pass(TYPED_MS);
  type(" ");
  await clock.pass(TYPED_MS);
  assert.deepEqual([await texts(), store.get().laid], [[], null]);
  store.set({ draft: { ...store.get().draft, sent: [{ hash: "ab", text: "Sent", number: 0 }] } });
  type("Sent");
  await clock.pass(TYPED_MS);
  type("");
  await clock.pass(TYPED_MS);
  assert.deepEqual(await texts(), ["Sent"]);
});

test("what was locked or thrown away meanwhile comes back by no timer", async () => {
  const { clock, store, keys, aside, type, texts } = writing();
  type("Thrown away");
  await aside.gone(store.get().draft);
  await clock.pass(TYPED_MS);
  assert.deepEqual(await texts(), []);
  store.set({ draft: begun("case") });
  type("Locked");
  aside.keep();
  keys.secret = undefined;
  store.set({ draft: null, laid: null });
  assert.equal(clock.waiting, 0);
  await clock.pass(TYPED_MS);
  assert.deepEqual([await texts(), store.get().laid], [["Locked"], null]);
});

test("a browser that takes nothing is told of", async () => {
  const refuses = async () => { throw new DOMException("full", "QuotaExceededError"); };
  const { clock, store, type } = writing({ keepDraft: refuses, dropDraft: refuses, drafts: async () => new Map() });
  type("Mine");
  await clock.pass(TYPED_MS);
  assert.equal(store.get().laid.done, false);
});
