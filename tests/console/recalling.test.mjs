// What is remembered of a log and what this page holds of it: where another tab began anew, nothing was remembered wrongly.
import assert from "node:assert/strict";
import { test } from "node:test";

import { replay } from "../../server/console/records/recalling.js";

const log = (kept) => ({ kind: 0, log: "00", chain: { last: new Uint8Array(32) }, entries: [], kept, take: () => {} });
const refused = (kept, remembered) => {
  try {
    replay(log(kept), remembered);
    return "";
  } catch (error) {
    return error.outcome;
  }
};

test("nothing remembered of a log that another tab has begun anew is read afresh", () => {
  assert.equal(refused(2, { head: undefined, entries: [] }), "overtaken");
});

test("what is remembered otherwise than it was verified is damaged", () => {
  assert.equal(refused(0, { head: undefined, entries: [new Uint8Array(1)] }), "memory-damaged");
  assert.equal(refused(0, { head: { length: 1, hash: new Uint8Array(32).fill(1) }, entries: [new Uint8Array(1)] }), "memory-damaged");
  assert.equal(refused(0, { head: undefined, entries: [] }), "");
});
