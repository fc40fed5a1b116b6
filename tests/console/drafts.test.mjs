// What was begun goes only when its text was read back: an entry in the log is no text.
import assert from "node:assert/strict";
import { test } from "node:test";

import { begun, placed } from "../../server/console/records/drafts.js";

const HASH = "ab".repeat(32);
const draft = { ...begun("case"), text: "Mine", sent: [{ hash: HASH, text: "Mine", number: 0 }] };
const shown = ({ quarantined = false, opened = new Map(), more = [], erased = [] } = {}) => ({
  compartment: { records: {
    versions: new Map([[HASH, { hash: HASH, by: "me", quarantined, deed: { follows: [] } }], ...more.map((each, nth) => [String(nth), each])]),
    ids: new Map([[draft.version, true]]), erased: new Map(erased.map((each) => [each, true])),
  } },
  opened,
});
const back = (text, refused = "") => new Map([[HASH, { version: { hash: HASH }, text, refused }]]);

test("a text that was read back is saved", () => {
  assert.equal(placed(draft, shown({ opened: back("Mine") })), true);
});

test("a text that the server keeps back, or gives otherwise, is not saved", () => {
  for (const opened of [new Map(), back("", "withheld"), back("", "seal-broken"), back("Another")]) {
    assert.equal(placed(draft, shown({ opened })), "withheld");
  }
});

test("a text that does not count becomes another version, of a record that is known", () => {
  const next = placed(draft, shown({ quarantined: true, opened: back("Mine") }));
  assert.notEqual(next.version, draft.version);
  assert.deepEqual([next.text, next.follows, next.sent], ["Mine", [HASH], []]);
  const later = placed({ ...draft, follows: ["cd"] }, shown({ quarantined: true }));
  assert.deepEqual(later.follows, ["cd"]);
});

test("a text that somebody else went on from was given to them, and is saved", () => {
  const follows = [new Uint8Array(32).fill(0xab)];
  const next = { by: "other", quarantined: false, deed: { follows } };
  assert.equal(placed(draft, shown({ more: [next] })), true);
  for (const each of [{ ...next, quarantined: true }, { ...next, by: "me" }, { ...next, deed: { follows: [new Uint8Array(32)] } }]) {
    assert.equal(placed(draft, shown({ more: [each] })), "withheld");
  }
});

test("a text whose record was erased is kept back by nobody", () => {
  const next = placed(draft, shown({ erased: [draft.record] }));
  assert.deepEqual([next.text, next.sent], ["Mine", []]);
});
