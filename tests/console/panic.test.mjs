// A raise stays with its raiser until a named person has accepted, whatever goes wrong, and says only what is known.
import assert from "node:assert/strict";
import { test } from "node:test";

import { createApi } from "../../server/console/api.js";
import { LOOK_MS, REPEAT_MS, SLOW_MS, isGuarded, startRaise } from "../../server/console/panic.js";
import { NOBODY_KNOWN } from "../../server/console/names.js";
import { raiseWords } from "../../server/console/raise_words.js";
import { CHANNEL, KEY, StandingClock, accepted, alert, answer, delivered, ended, problem, settle, silence } from "./world.mjs";

/** Raise against a network that answers each request as `reply` says. */
function raise(reply, what = {}) {
  const clock = new StandingClock();
  const asked = [];
  const told = [];
  const fetch = async (path, { method, body, signal }) => {
    asked.push({ method, path, body: body && JSON.parse(body), at: clock.now() });
    return await reply({ method, path, signal, number: asked.length });
  };
  const api = createApi({ fetch, clock });
  const raising = startRaise(
    { clock, raise: api.raise, look: api.alert, standDown: api.standDown, changed: (news) => told.push(news) },
    { key: KEY, channel: CHANNEL, status: "Actual", ...what },
  );
  const puts = () => asked.filter((each) => each.method === "PUT");
  return { clock, asked, told, raising, puts, known: () => raising.now().known };
}

test("it is told as stored, delivered and accepted, and then nothing is asked any more", async () => {
  let now = alert();
  const { clock, asked, told, puts, known, raising } = raise(() => answer(now));
  assert.equal(known(), "raising");
  await settle();
  assert.equal(known(), "stored");
  now = delivered();
  await clock.pass(LOOK_MS);
  assert.equal(known(), "delivered");
  await clock.pass(REPEAT_MS);
  assert.equal(puts().length, 2);
  now = accepted();
  await clock.pass(LOOK_MS);
  assert.equal(known(), "accepted");
  assert.equal(isGuarded(raising.now()), false);
  const before = asked.length;
  await clock.pass(10 * REPEAT_MS);
  assert.equal(asked.length, before);
  assert.equal(clock.waiting, 0);
  assert.deepEqual(new Set(puts().map((each) => each.path)), new Set([`/api/alerts/${KEY}`]));
  assert.deepEqual(puts()[0].body, { compartment: CHANNEL.compartment, status: "Actual" });
  assert.deepEqual([...new Set(told.map((each) => each.known))], ["stored", "delivered", "accepted"]);
});

test("what happens is said with every repetition, and panic needs no words", async () => {
  const said = async (what) => {
    const { clock, puts } = raise(() => answer(alert()), { what });
    await settle();
    await clock.pass(REPEAT_MS);
    assert.equal(puts().length, 2);
    assert.deepEqual(puts()[0].body, puts()[1].body);
    const { event, child } = puts()[0].body;
    return [event, child];
  };
  assert.deepEqual(await said(""), [undefined, undefined]);
  assert.deepEqual(await said("threat_received"), ["threat_received", undefined]);
  assert.deepEqual(await said("missing_child"), ["missing_person", true]);
});

test("no failure of any kind ends the repetition or changes the key", async () => {
  const failures = [
    () => Promise.reject(new TypeError("network")),
    () => problem(401, "Sign in first."),
    () => problem(404, "There is no such compartment."),
    () => problem(409, "NOT raised."),
    () => problem(429, "Too many requests.", { "Retry-After": "600" }),
    () => problem(500),
    () => answer("<html>", { type: "text/html" }),
    () => answer("{", {}),
    () => answer({ id: 1 }),
    () => answer({ ...alert(), recipients: "none" }),
    () => answer({ ...alert(), deliveries: [{ state: "sent" }] }),
    () => answer([alert()]),
    () => answer(null),
    () => answer("", { status: 503 }),
    ({ signal }) => silence(signal),
  ];
  const { clock, puts, known, raising } = raise((request) => (failures[request.number - 1] ?? (() => answer(alert())))(request));
  for (const [index] of failures.entries()) {
    await clock.pass(index === 0 ? 0 : REPEAT_MS);
    if (index === failures.length - 1) await clock.pass(10_000);
    assert.equal(puts().length, index + 1);
    assert.equal(known(), "not_raised", `after failure ${index}`);
    assert.equal(isGuarded(raising.now()), true);
  }
  await clock.pass(REPEAT_MS);
  assert.equal(known(), "stored");
  assert.equal(raising.now().failure, null);
  assert.equal(new Set(puts().map((each) => each.path)).size, 1);
});

test("each try has ten seconds, and the next begins fifteen seconds after the one before", async () => {
  const { clock, puts, known, told } = raise(({ signal }) => silence(signal));
  await clock.pass(SLOW_MS);
  assert.equal(known(), "raising");
  assert.equal(told.at(-1).slow, true);
  await clock.pass(10_000 - SLOW_MS);
  assert.equal(known(), "not_raised");
  await clock.pass(3 * REPEAT_MS - 10_000);
  assert.deepEqual(puts().map((each) => (each.at - puts()[0].at) / REPEAT_MS), [0, 1, 2, 3]);
});

test("losing sight of a stored alert is told as that, and mends itself", async () => {
  let works = true;
  const { clock, known, raising } = raise(() => (works ? answer(alert()) : problem(503, "Try again.")));
  await settle();
  works = false;
  await clock.pass(REPEAT_MS);
  assert.equal(known(), "out_of_sight");
  assert.equal(raising.now().alert.id, KEY);
  assert.equal(raising.now().failure.detail, "Try again.");
  works = true;
  await clock.pass(LOOK_MS);
  assert.equal(known(), "stored");
});

test("an alert that its press became part of is the one that is looked at", async () => {
  const other = "00000000-0000-4000-8000-0000000000d9";
  const { clock, asked } = raise(() => answer(alert({ id: other })));
  await clock.pass(LOOK_MS);
  assert.equal(asked.at(-1).path, `/api/alerts/${other}`);
});

test("what the stream tells counts, also where the answer to the raise was lost", async () => {
  const { known, raising, clock } = raise(() => Promise.reject(new TypeError("cut")));
  await settle();
  assert.equal(known(), "not_raised");
  raising.see(delivered());
  assert.equal(known(), "delivered");
  raising.see(alert({ id: "00000000-0000-4000-8000-0000000000d9", state: "stood_down" }));
  assert.equal(known(), "delivered");
  raising.see(accepted());
  assert.equal(known(), "accepted");
  assert.equal(clock.waiting, 0);
});

test("an accepted alert that is open again is raised and looked at again, and not once it was stopped", async () => {
  let now = accepted();
  const { asked, clock, known, puts, raising } = raise(({ path }) => answer(path.endsWith("/stand-down") ? accepted() : now));
  await settle();
  assert.deepEqual([known(), clock.waiting], ["accepted", 0]);
  now = delivered();
  raising.see(now);
  assert.deepEqual([known(), isGuarded(raising.now()), clock.waiting], ["delivered", true, 2]);
  await clock.pass(LOOK_MS);
  assert.equal(asked.at(-1).method, "GET");
  await clock.pass(REPEAT_MS - LOOK_MS);
  assert.equal(puts().length, 2);
  raising.stop();
  await settle();
  assert.deepEqual([known(), raising.now().stop, clock.waiting], ["accepted", "passed_on", 0]);
  raising.see(delivered());
  assert.deepEqual([known(), clock.waiting], ["delivered", 0]);
});

test("after a stop was passed on, whoever accepts is told, and a pause no longer than it lasts", async () => {
  const { raising } = raise(() => answer(delivered()));
  await settle();
  raising.stop();
  await settle();
  const soon = new Date(Date.now() + 60_000).toISOString();
  raising.see(delivered({ paused_until: soon }));
  assert.match(raiseWords(raising.now(), NOBODY_KNOWN).headline, /Calling pauses until/);
  raising.see(delivered({ paused_until: new Date(Date.now() - 1_000).toISOString() }));
  assert.match(raiseWords(raising.now(), NOBODY_KNOWN).headline, /Calling goes on until/);
  raising.see(accepted({ paused_until: soon }));
  const { headline, lines } = raiseWords(raising.now(), NOBODY_KNOWN);
  assert.match(headline, /^ACCEPTED by Boris Primer/);
  assert.match(lines[0], /Calling pauses until/);
});

test("an alert that somebody ended ends it", async () => {
  const { known, raising } = raise(() => answer(ended()));
  await settle();
  assert.equal(known(), "ended");
  assert.equal(isGuarded(raising.now()), false);
});

test("waking up tries at once", async () => {
  const { clock, puts, raising } = raise(() => problem(503));
  await clock.pass(5_000);
  raising.kick();
  await settle();
  assert.equal(puts().length, 2);
  await clock.pass(REPEAT_MS);
  assert.equal(puts().length, 3);
});

test("the raiser's stop is passed on once, and nothing is repeated after it", async () => {
  const { clock, asked, raising } = raise(() => answer(delivered()));
  await settle();
  raising.stop();
  raising.stop();
  await settle();
  assert.equal(raising.now().stop, "passed_on");
  assert.deepEqual(asked.at(-1).body, { reason: "safe" });
  assert.equal(asked.filter((each) => each.path.endsWith("/stand-down")).length, 1);
  await clock.pass(10 * REPEAT_MS);
  assert.equal(asked.length, 2);
  assert.equal(isGuarded(raising.now()), false);
});

test("a stop that is not answered is repeated until it is", async () => {
  let works = false;
  const { clock, raising } = raise(({ path }) => (path.endsWith("/stand-down") && !works ? problem(503) : answer(alert())));
  await settle();
  raising.stop();
  await settle();
  assert.equal(raising.now().stop, "asked");
  assert.equal(isGuarded(raising.now()), true);
  works = true;
  await clock.pass(REPEAT_MS);
  assert.equal(raising.now().stop, "passed_on");
});

test("a stop waits for the try that is under way", async () => {
  let release = () => {};
  const { asked, raising } = raise(({ method }) =>
    method === "PUT" ? new Promise((resolve) => void (release = () => resolve(answer(alert())))) : answer(ended()),
  );
  raising.stop();
  await settle();
  assert.equal(asked.length, 1);
  release();
  await settle();
  assert.equal(asked.at(-1).path, `/api/alerts/${KEY}/stand-down`);
  assert.equal(raising.now().stop, "passed_on");
  assert.equal(raising.now().known, "ended");
});

test("what was never stored is said to be so, after a second look; and it is taken back if it was after all", async () => {
  let stored = false;
  const { clock, raising } = raise(({ method }) => (method === "PUT" ? problem(503) : stored ? answer(alert()) : problem(404)));
  await settle();
  raising.stop();
  await settle();
  assert.equal(raising.now().stop, "asked");
  await clock.pass(5_000);
  assert.equal(raising.now().stop, "never_stored");
  stored = true;
  raising.see(alert());
  await settle();
  assert.equal(raising.now().stop, "passed_on");
});

test("a stop that is refused says why, and the call goes on until another is heeded", async () => {
  let refused = true;
  const { clock, puts, raising } = raise(({ path }) =>
    path.endsWith("/stand-down") && refused ? problem(409, "Accept the alert first.") : answer(alert()),
  );
  await settle();
  raising.stop();
  await settle();
  assert.equal(raising.now().refusal.detail, "Accept the alert first.");
  assert.match(raiseWords(raising.now(), NOBODY_KNOWN).urgent[0], /^NOT stopped\. Accept the alert first\./);
  assert.equal(isGuarded(raising.now()), true);
  const before = puts().length;
  await clock.pass(2 * REPEAT_MS);
  assert.equal(puts().length, before + 2);
  assert.equal(raising.now().refusal.detail, "Accept the alert first.");
  refused = false;
  raising.stop();
  await settle();
  assert.deepEqual([raising.now().stop, raising.now().refusal], ["passed_on", null]);
  await clock.pass(2 * REPEAT_MS);
  assert.equal(puts().length, before + 2);
});

test("a stop that is not answered is not repeated once the raise is abandoned", async () => {
  const { asked, clock, raising } = raise(({ path }) => (path.endsWith("/stand-down") ? problem(503) : answer(alert())));
  await settle();
  raising.stop();
  raising.abandon();
  await clock.pass(10 * REPEAT_MS);
  assert.equal(asked.filter((each) => each.path.endsWith("/stand-down")).length, 1);
  assert.equal(clock.waiting, 0);
});

test("a drill is never called an alert", async () => {
  const { raising } = raise(() => problem(503), { status: "Exercise" });
  await settle();
  assert.equal(raiseWords(raising.now(), NOBODY_KNOWN).headline, "The drill was NOT started.");
  raising.see(ended({ status: "Exercise" }));
  assert.equal(raiseWords(raising.now(), NOBODY_KNOWN).headline, "ENDED: the drill is over.");
});

test("a raise that is abandoned asks for nothing any more, not even after an answer that was under way", async () => {
  let release = () => {};
  const { asked, clock, raising } = raise(() => new Promise((resolve) => void (release = () => resolve(answer(alert())))));
  await settle();
  raising.abandon();
  release();
  await clock.pass(10 * REPEAT_MS);
  assert.equal(asked.length, 1);
  assert.equal(clock.waiting, 0);
});

test("a drill is raised and ended as one", async () => {
  const { asked, raising } = raise(() => answer(alert({ status: "Exercise" })), { status: "Exercise" });
  await settle();
  raising.stop();
  await settle();
  assert.equal(asked[0].body.status, "Exercise");
  assert.deepEqual(asked.at(-1).body, { reason: "drill_over" });
});

test("an alert that is open already is stayed with under its own key", async () => {
  const { puts, known } = raise(() => answer(delivered()), { alert: alert() });
  assert.equal(known(), "stored");
  await settle();
  assert.equal(known(), "delivered");
  assert.equal(puts().length, 1);
});
