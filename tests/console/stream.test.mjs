// The live stream is followed through every loss, from the last position that was heard.
import assert from "node:assert/strict";
import { test } from "node:test";

import { createReader } from "../../server/console/events.js";
import { CROWDED_MS, GRACE_MS, SILENT_MS, backoff, follow } from "../../server/console/stream.js";
import { Line, StandingClock, answer, problem, settle } from "./world.mjs";

function read(pieces) {
  const events = [];
  const take = createReader((event) => events.push(event));
  pieces.forEach(take);
  return events;
}

test("events are read whole, however the text is cut", () => {
  const text = "event: change\r\nid: 7\r\ndata: {\"a\":\r\ndata: 1}\r\n\r\n: a comment\n\nevent:alive\ndata:{}\n\nid: 9\n\ndata: x\r\r";
  const whole = [
    { name: "change", id: "7", data: '{"a":\n1}' },
    { name: "alive", id: "", data: "{}" },
    { name: "message", id: "", data: "x" },
  ];
  assert.deepEqual(read([`${text}\n`]), whole);
  assert.deepEqual(read([...text, "\n"]), whole);
  for (let cut = 1; cut < text.length; cut += 1) assert.deepEqual(read([text.slice(0, cut), text.slice(cut), "\n"]), whole);
});

test("the wait grows, is capped, and is half by chance", () => {
  assert.deepEqual([0, 1, 2, 3].map((failures) => backoff(failures, 1)), [500, 1000, 2000, 4000]);
  assert.equal(backoff(50, 1), 15_000);
  assert.equal(backoff(50, 0), 7_500);
});

/** Follow a stream whose connections `reply` gives; by default each is a line that the test speaks through. */
function following(reply = (line) => line.response) {
  const clock = new StandingClock();
  const state = { clock, lines: [], asked: [], heard: [], told: [], refused: 0 };
  state.fetch = async (_path, { headers, signal }) => {
    state.asked.push(headers["Last-Event-ID"]);
    const line = new Line(signal);
    state.lines.push(line);
    return await reply(line, state.asked.length);
  };
  state.following = follow({
    fetch: state.fetch, clock, random: () => 1, after: 7,
    heard: (name, data) => state.heard.push([name, data]),
    changed: (live) => state.told.push(live.state),
    refused: () => void (state.refused += 1),
  });
  return state;
}

test("it begins behind what is known, and resumes behind what it heard", async () => {
  const { lines, asked, heard, told, clock } = following();
  await settle();
  lines[0].event("alive", { at: "2026-03-02T09:00:00Z" });
  lines[0].event("change", { object: "alert", id: "a" }, 12);
  await settle();
  assert.deepEqual(heard.map(([name]) => name), ["alive", "change"]);
  lines[0].end();
  await clock.pass(500);
  lines[1].event("alive", {}, 15);
  await settle();
  lines[1].end();
  await clock.pass(500);
  assert.deepEqual(asked, ["7", "12", "15"]);
  assert.deepEqual(told, ["live", "live"]);
});

test("a loss is told after a moment, with the time from which on nothing was heard; and so is its end", async () => {
  const { lines, told, clock } = following((line, number) => (number === 1 || number > 4 ? line.response : Promise.reject(new TypeError("cut"))));
  await settle();
  lines[0].event("alive", {});
  await settle();
  lines[0].end();
  await clock.pass(GRACE_MS - 1);
  assert.deepEqual(told, ["live"]);
  await clock.pass(1);
  assert.deepEqual(told, ["live", "lost"]);
  await clock.pass(20_000);
  lines.at(-1).event("alive", {});
  await settle();
  assert.deepEqual(told, ["live", "lost", "live"]);
});

test("a silent stream is taken for lost and opened anew", async () => {
  const { lines, asked, clock } = following();
  await settle();
  lines[0].event("alive", {});
  await clock.pass(SILENT_MS - 1);
  assert.equal(asked.length, 1);
  lines[0].say(": still here\n\n");
  await clock.pass(SILENT_MS - 1);
  assert.equal(asked.length, 1);
  await clock.pass(1 + 500);
  assert.equal(asked.length, 2);
});

test("what makes no sense is a reason to load everything anew", async () => {
  const { lines, heard } = following();
  await settle();
  lines[0].say("event: change\ndata: {\n\n");
  lines[0].say("event: change\ndata: 5\n\n");
  await settle();
  assert.deepEqual(heard, [["reset", {}], ["reset", {}]]);
});

for (const [how, reply, speak] of [
  ["says so", undefined, (line) => line.event("ended", { reason: "signed_out" })],
  ["answers 401", () => problem(401), () => {}],
]) {
  test(`whoever is not signed in any more does not come back: the server ${how}`, async () => {
    const state = following(reply);
    await settle();
    speak(state.lines[0]);
    await state.clock.pass(60_000);
    assert.equal(state.refused, 1);
    assert.equal(state.asked.length, 1);
    assert.equal(state.clock.waiting, 0);
  });
}

test("one window too many waits longer, and says why", async () => {
  const { lines, asked, told, clock } = following();
  await settle();
  lines[0].event("alive", {});
  lines[0].event("ended", { reason: "too_many" });
  await clock.pass(CROWDED_MS - 1);
  assert.deepEqual(told, ["live", "crowded"]);
  assert.equal(asked.length, 1);
  await clock.pass(1);
  assert.equal(asked.length, 2);
});

test("a server that is stopping or slow to take it back is asked again, as late as it asks for", async () => {
  const { lines, asked, clock } = following((line, number) => (number === 2 ? problem(503, "", { "Retry-After": "5" }) : line.response));
  await settle();
  lines[0].event("ended", { reason: "closing" });
  await clock.pass(500);
  assert.equal(asked.length, 2);
  await clock.pass(4_999);
  assert.equal(asked.length, 2);
  await clock.pass(1);
  assert.equal(asked.length, 3);
});

test("a position that is not taken is dropped: everything is loaded anew and followed from there", async () => {
  const { asked, heard, told, lines, clock, following: stream } = following((line, number) => (number === 1 ? problem(400) : line.response));
  await clock.pass(GRACE_MS);
  assert.deepEqual([asked, told], [["7"], ["lost"]]);
  assert.deepEqual(new Set(heard.map(([name]) => name)), new Set(["reset"]));
  stream.from(40);
  await settle();
  assert.deepEqual(asked, ["7", "40"]);
  lines.at(-1).event("alive", {});
  await settle();
  assert.deepEqual(told, ["lost", "live"]);
  stream.from(50);
  lines.at(-1).end();
  await clock.pass(500);
  assert.deepEqual(asked, ["7", "40", "40"]);
});

test("something else that answers is not taken for the stream", async () => {
  const { heard, told, clock } = following(() => answer("data: {}\n\n", { type: "text/html" }));
  await clock.pass(GRACE_MS);
  assert.deepEqual(heard, []);
  assert.deepEqual(told, ["lost"]);
});

test("waking up does not wait for timers that slept", async () => {
  const { asked, clock, following: stream } = following(() => Promise.reject(new TypeError("cut")));
  await clock.pass(30_000);
  const before = asked.length;
  stream.kick();
  await settle();
  assert.equal(asked.length, before + 1);
  stream.stop();
  await clock.pass(60_000);
  assert.equal(asked.length, before + 1);
});

test("a thousand cuts lose nothing and show nothing twice", async () => {
  const { lines, asked, heard, clock } = following();
  for (let number = 1; number <= 1000; number += 1) {
    await settle();
    lines.at(-1).event("change", { object: "alert", id: String(number) }, 7 + number);
    await settle();
    lines.at(-1).end();
    await clock.pass(500);
  }
  assert.deepEqual(heard.map(([, data]) => Number(data.id)), Array.from({ length: 1000 }, (_, index) => index + 1));
  assert.deepEqual(asked, Array.from({ length: 1001 }, (_, index) => String(7 + index)));
});

for (const [how, reply] of [
  ["that nobody answers", () => new Promise(() => {})],
  ["on which nothing is said", undefined],
  ["that breaks at once", () => Promise.reject(new TypeError("cut"))],
]) {
  test(`a first connection ${how} is not live, and says so`, async () => {
    const { told, clock } = following(reply);
    await clock.pass(GRACE_MS - 1);
    assert.deepEqual(told, []);
    await clock.pass(1);
    assert.deepEqual(told, ["lost"]);
    await clock.pass(SILENT_MS + 20_000);
    assert.deepEqual(told.filter((each) => each !== "lost"), []);
  });
}

for (const [how, notice] of [
  ["by itself", ({ clock }) => clock.pass(5_000)],
  ["when somebody looks", ({ following: stream }) => stream.kick()],
]) {
  test(`a machine that slept is not live: noticed ${how}`, async () => {
    const state = following();
    await settle();
    state.lines[0].event("alive", {});
    await settle();
    state.clock.sleep(SILENT_MS + 1);
    await notice(state);
    assert.deepEqual(state.told, ["live", "lost"]);
    await state.clock.pass(500);
    assert.equal(state.asked.length, 2);
    state.lines[1].event("alive", {});
    await settle();
    assert.deepEqual(state.told, ["live", "lost", "live"]);
  });
}
