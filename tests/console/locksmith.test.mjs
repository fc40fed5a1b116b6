// A worker that never answers, ends badly, or says what nobody can read: whoever waits for it is told, and it is ended.
import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { locksmith, PATIENCE_MS } from "../../server/console/records/locksmith.js";

/** What a browser gives; it does nothing by itself. */
class SilentWorker {
  static made = [];
  ended = 0;
  asked = [];
  constructor() {
    SilentWorker.made.push(this);
  }
  postMessage(message) {
    this.asked.push(message);
  }
  terminate() {
    this.ended += 1;
  }
}

beforeEach(() => {
  SilentWorker.made = [];
  globalThis.Worker = SilentWorker;
  mock.timers.enable({ apis: ["setTimeout"] });
});
afterEach(() => {
  mock.timers.reset();
  delete globalThis.Worker;
});

const begun = () => {
  const outcome = locksmith.unlock(new Uint8Array(1), {}, {}).then((result) => ({ result }), (refused) => refused.outcome);
  return { worker: SilentWorker.made[0], outcome };
};
const moment = () => new Promise((done) => setImmediate(() => done("waits")));

for (const ready of [false, true]) {
  test(`a worker that hangs ${ready ? "while it stretches" : "before it is ready"} is ended`, async () => {
    const { worker, outcome } = begun();
    if (ready) worker.onmessage({ data: { ready } });
    assert.equal(worker.asked.length, Number(ready));
    mock.timers.tick(PATIENCE_MS - 1);
    assert.equal(await Promise.race([outcome, moment()]), "waits");
    assert.equal(worker.ended, 0);
    mock.timers.tick(1);
    assert.equal(await outcome, "too-hard-to-open");
    assert.equal(worker.ended, 1);
  });
}

for (const how of ["onerror", "onmessageerror"]) {
  test(`a worker that ends with ${how} is a refusal at once`, async () => {
    const { worker, outcome } = begun();
    worker[how]({});
    assert.equal(await outcome, "too-hard-to-open");
    assert.equal(worker.ended, 1);
  });
}

test("a worker that answers is ended, and nothing comes later", async () => {
  const { worker, outcome } = begun();
  worker.onmessage({ data: { ready: true } });
  worker.onmessage({ data: { result: "keys" } });
  assert.deepEqual(await outcome, { result: "keys" });
  mock.timers.tick(PATIENCE_MS * 2);
  assert.equal(worker.ended, 1);
});

test("what the worker refuses keeps its word", async () => {
  const { worker, outcome } = begun();
  worker.onmessage({ data: { refused: "seal-broken" } });
  assert.equal(await outcome, "seal-broken");
  assert.equal(worker.ended, 1);
});
