// From which age on what is shown is for reading only.
import assert from "node:assert/strict";
import { test } from "node:test";

import { FRESH_MS, isOld } from "../../server/console/records/age.js";

test("what was compared a day ago or more is old, and so is what a clock that was put back makes young", () => {
  const at = 1_770_000_000_000;
  assert.deepEqual([0, FRESH_MS - 1, FRESH_MS, 9 * FRESH_MS, -60_000, -FRESH_MS].map((ms) => isOld({ at }, at + ms)), [false, false, true, true, false, true]);
});
