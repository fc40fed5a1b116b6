// Everything together, but for the screen: one browser's session against a network that answers as it is told.
import assert from "node:assert/strict";
import { test } from "node:test";

import { REQUEST_MS, createApi } from "../../server/console/api.js";
import { createKnowledge } from "../../server/console/knowledge.js";
import { createRaises } from "../../server/console/raises.js";
import { createSession } from "../../server/console/session.js";
import { createSound } from "../../server/console/sound.js";
import { createStore, firstState } from "../../server/console/store.js";
import { REPEAT_MS } from "../../server/console/panic.js";
import { GRACE_MS } from "../../server/console/stream.js";
import { CUT_OFF_MS, WARNING_MS } from "../../server/console/warning.js";
import {
  ANA, BORIS, CHANNEL, KEY, Line, POLICE, StandingClock, accepted, alert, answer, board, delivered, ended, problem, recipient, review, settle, silence, way,
} from "./world.mjs";

/** An audio device that notes what it plays. */
class Audio extends EventTarget {
  state = "suspended";
  sampleRate = 8000;
  destination = {};
  playing = [];
  resumed = 0;

  async resume() {
    this.resumed += 1;
    this.state = "running";
    this.dispatchEvent(new Event("statechange"));
  }

  createBuffer = (_channels, length) => ({ length, copyToChannel: () => {} });

  createBufferSource() {
    const source = { connect: () => {}, loop: false, start: () => this.playing.push(source), stop: () => this.playing.splice(this.playing.indexOf(source), 1) };
    return source;
  }
}

function opened(answers = {}) {
  const clock = new StandingClock();
  const world = { board: () => answer(board()), alert: () => answer(alert()), reviews: () => answer({ reviews: [] }), ways: () => answer({ operations: [] }), safeCalls: () => answer({ safe_calls: [] }), ...answers };
  const state = { clock, world, asked: [], lines: [], audio: new Audio(), audible: 0, listed: [] };
  const fetch = async (path, { method = "GET", signal }) => {
    if (path === "/api/stream") {
      const line = new Line(signal);
      state.lines.push(line);
      return world.stream ? world.stream() : line.response;
    }
    // With every board that is loaded anew.
    if (path === "/api/safe-calls") return await world.safeCalls();
    if (path === "/api/operations") return state.listed.push(path) && (await world.ways());
    state.asked.push(`${method} ${path}`);
    if (path === "/api/board") return await world.board();
    if (path === "/api/reviews") return await world.reviews();
    if (path.startsWith("/api/operations/")) return await world.way(path);
    if (path.startsWith("/api/alerts/")) return await world.alert({ method, path });
    return await (world.signIn?.(path, signal) ?? answer(null, { status: 204 }));
  };
  const store = createStore(firstState("en"));
  const api = createApi({ fetch, clock });
  const knowledge = createKnowledge({ api, store, now: clock.now });
  const raises = createRaises({ clock, newKey: () => KEY, store, knowledge });
  const sound = createSound({
    context: () => state.audio,
    changed: (sounding) => store.set({ sound: sounding }),
    audible: () => void (state.audible += 1),
  });
  const session = createSession({ api, clock, fetch, random: () => 0, soon: queueMicrotask, store, knowledge, raises, sound });
  return Object.assign(state, { store, session, raises, sound, knowledge, take: () => state.asked.splice(0) });
}

/** A browser in which nobody is signed in before a link is used. */
function outside(answers = {}) {
  let used = false;
  const state = opened({ board: () => (used ? answer(board()) : problem(401)), ...answers });
  const { signIn } = state.world;
  state.world.signIn = async (path, signal) => {
    const answered = await (signIn?.(path, signal) ?? answer(null, { status: 204 }));
    used = path.endsWith("browser") ? used || answered.ok : used && !answered.ok;
    return answered;
  };
  return state;
}

async function signedIn(answers) {
  const state = opened(answers);
  await state.session.begin("");
  await settle();
  state.take();
  return state;
}

test("where nobody is signed in a link is used up, then the board is loaded and the stream followed", async () => {
  const { asked, lines, session, store } = outside();
  session.begin("code-of-a-link");
  await settle();
  assert.deepEqual(asked, ["GET /api/board", "POST /api/sign-in/browser", "GET /api/board"]);
  assert.equal(lines.length, 1);
  assert.equal(store.get().session, "signed_in");
  assert.equal(store.get().facts.me.name, "Boris Primer");
});

test("a used link says so, and a network that fails lets one try again", async () => {
  const used = outside({ signIn: () => problem(401, "This link has been used.") });
  used.session.begin("code-of-a-link");
  await settle();
  assert.deepEqual([used.store.get().session, used.store.get().why], ["signed_out", "used"]);
  for (const [kind, fails] of [
    ["unreachable", () => Promise.reject(new TypeError("cut"))],
    ["unreachable", (_path, signal) => silence(signal)],
    ["refused", () => problem(429, "Too many.")],
  ]) {
    let works = false;
    const cut = outside({ signIn: (path, signal) => (works ? undefined : fails(path, signal)) });
    cut.session.begin("code-of-a-link");
    await cut.clock.pass(REQUEST_MS);
    assert.deepEqual([cut.store.get().session, cut.store.get().failure.kind], ["starting", kind]);
    works = true;
    cut.session.again();
    await settle();
    assert.equal(cut.store.get().session, "signed_in");
  }
});

for (const [how, late] of [
  ["good", () => answer(null, { status: 204 })],
  ["bad", () => problem(401)],
]) {
  test(`a sign-in whose ${how} answer comes after another link was opened, or after signing out, has no effect`, async () => {
    const come = [];
    const signIn = (path) => (path.endsWith("browser") ? new Promise((resolve) => come.push(resolve)) : undefined);
    const { session, store, asked } = outside({ signIn });
    session.begin("code-of-a-link");
    await settle();
    session.begin("code-of-another-link");
    await settle();
    asked.length = 0;
    come[0](late());
    await settle();
    assert.deepEqual([store.get().session, store.get().why, asked], ["starting", "", []]);
    assert.equal(await session.signOut(), "");
    asked.length = 0;
    come[1](late());
    await settle();
    assert.deepEqual([store.get().session, store.get().why, asked], ["signed_out", "left", []]);
  });
}

test("a sign-out whose answer comes after another beginning does not end that", async () => {
  let come = () => {};
  const { session, store } = await signedIn({ signIn: () => new Promise((resolve) => void (come = resolve)) });
  const leaving = session.signOut();
  await settle();
  session.begin("");
  await settle();
  come(answer(null, { status: 204 }));
  assert.equal(await leaving, "");
  assert.equal(store.get().session, "signed_in");
});

test("a link that is opened where somebody is signed in replaces nobody unasked", async () => {
  const { session, store, lines, clock, take, world } = await signedIn();
  session.begin("code-of-a-link");
  await settle();
  assert.deepEqual([take(), store.get().session, store.get().offered], [[], "signed_in", true]);
  assert.match(store.get().urgent.text, /signed in as Boris Primer/);
  session.stay();
  lines[0].event("reset", {}, 50);
  await clock.pass(1_000);
  assert.deepEqual([take(), store.get().offered], [["GET /api/board"], false]);

  let person = BORIS;
  world.board = () => (person ? answer(board({ me: { ...board().me, id: person, name: "Somebody" } })) : problem(401));
  world.signIn = (path) => ((person = path.endsWith("browser") ? ANA : ""), undefined);
  session.begin("code-of-a-link");
  assert.equal(await session.replace(), "");
  await settle();
  const replaced = ["DELETE /api/sign-in/sessions/current", "GET /api/board", "POST /api/sign-in/browser", "GET /api/board"];
  assert.deepEqual(take(), replaced);
  assert.deepEqual([store.get().facts.me.id, store.get().offered], [ANA, false]);
});

test("a page that is opened by a link where somebody is signed in shows that person's board, and asks", async () => {
  const { session, store, asked, clock, lines } = opened();
  session.begin("code-of-a-link");
  await settle();
  assert.deepEqual([asked, store.get().session, store.get().offered], [["GET /api/board"], "signed_in", true]);
  // A session that ends meanwhile ends what was offered too: nobody is signed in whom nobody here has asked for.
  lines[0].event("ended", { reason: "signed_out" });
  await clock.pass(60_000);
  assert.deepEqual([asked, store.get().session, store.get().offered], [["GET /api/board"], "signed_out", false]);
});

for (const status of ["Actual", "Exercise"]) {
  test(`signing out, also by a link, waits until one's own call is stored and a stop is passed on: ${status}`, async () => {
    const own = alert({ status, raised_by: BORIS, pressed_by: [BORIS] });
    let works = false;
    const { session, store, raises, clock, take } = await signedIn({ alert: () => (works ? answer(own) : problem(503)) });
    raises.start(CHANNEL, status);
    await settle();
    session.begin("code-of-a-link");
    take();
    assert.match(await session.signOut(), /^Your call is not stored yet/);
    assert.match(await session.replace(), /^Your call is not stored yet/);
    assert.deepEqual([take(), store.get().session, store.get().raises.length], [[], "signed_in", 1]);
    works = true;
    await clock.pass(REPEAT_MS);
    assert.equal(store.get().raises[0].known, "stored");
    works = false;
    raises.stop(KEY);
    await settle();
    assert.match(await session.signOut(), /^Your stop is not passed on yet/);
    works = true;
    await clock.pass(REPEAT_MS);
    assert.equal(await session.signOut(), "");
    assert.deepEqual([store.get().raises, store.get().session, store.get().why], [[], "signed_out", "left"]);
  });
}

test("an alert that is stored is not ended in order to sign out", async () => {
  const own = alert({ raised_by: BORIS, pressed_by: [BORIS] });
  const { session, store, raises, take } = await signedIn({ alert: () => answer(own) });
  raises.start(CHANNEL, "Actual");
  await settle();
  take();
  assert.equal(await session.signOut(), "");
  assert.deepEqual(take(), ["DELETE /api/sign-in/sessions/current"]);
  assert.deepEqual([store.get().raises, store.get().why], [[], "left"]);
});

test("what is raised while one signs out is stayed with, and a link asks before it gives that up", async () => {
  let come = () => {};
  const signIn = (path) => (path.endsWith("current") ? new Promise((resolve) => void (come = resolve)) : undefined);
  const { session, store, raises, take } = await signedIn({ alert: () => problem(503), signIn });
  session.begin("code-of-a-link");
  const leaving = session.replace();
  raises.start(CHANNEL, "Actual");
  await settle();
  come(answer(null, { status: 204 }));
  assert.equal(await leaving, "");
  assert.deepEqual([store.get().session, store.get().raises.length, raises.unsent()], ["signed_out", 1, true]);
  assert.deepEqual([store.get().offered, store.get().urgent.text.split(".")[0]], [true, "A call from here is not stored yet"]);
  take();
  assert.equal(await session.replace(), "");
  await settle();
  assert.deepEqual([store.get().session, take()[0]], ["signed_in", "GET /api/board"]);
});

test("a refusal that has other words than the ordinary ones is told in them", async () => {
  const words = "This request did not come from Streha's own page.";
  const link = outside({ signIn: () => problem(401, words) });
  link.session.begin("code-of-a-link");
  await settle();
  assert.deepEqual([link.store.get().why, link.store.get().failure.detail], ["used", words]);
  for (const [detail, said] of [[words, words], ["Sign in first.", "Your session has ended. Sign in again."]]) {
    const state = await signedIn();
    state.world.board = () => problem(401, detail);
    state.lines[0].event("reset", {}, 9);
    await state.clock.pass(1_000);
    const { session, failure, urgent } = state.store.get();
    assert.deepEqual([session, failure?.detail ?? said, urgent.text], ["signed_out", said, said]);
  }
});

test("a press that counts as another's makes the board be asked for once", async () => {
  const { clock, lines, raises, take } = await signedIn({ alert: () => answer(alert({ raised_by: ANA })) });
  raises.start(CHANNEL, "Actual");
  await clock.pass(1_000);
  assert.deepEqual(take().slice(0, 2), [`PUT /api/alerts/${KEY}`, "GET /api/board"]);
  lines[0].event("change", { object: "alert", id: KEY }, 8);
  await clock.pass(1_000);
  assert.deepEqual(take(), [`GET /api/alerts/${KEY}`]);
});

test("a board that cannot be loaded is told and asked for again; without a session one is told how to sign in", async () => {
  let works = false;
  const { session, store, clock } = opened({ board: () => (works ? answer(board()) : problem(503, "Not now.")) });
  await session.begin("");
  await settle();
  assert.equal(store.get().failure.detail, "Not now.");
  works = true;
  await clock.pass(2_000);
  assert.equal(store.get().session, "signed_in");
  const nobody = opened({ board: () => problem(401) });
  await nobody.session.begin("");
  await settle();
  assert.deepEqual([nobody.store.get().session, nobody.store.get().why], ["signed_out", "none"]);
});

test("a change fetches that one thing, and nothing else is another object after it", async () => {
  const reviews = Array.from({ length: 500 }, (_, index) => review(index));
  const { clock, lines, store, take, world } = await signedIn({ board: () => answer(board({ reviews })), reviews: () => answer({ reviews }) });
  const before = store.get();
  for (let turn = 0; turn < 100; turn += 1) lines[0].event("change", { act: "alert_raised", object: "alert", id: KEY, case: null }, 8 + turn);
  await settle();
  assert.deepEqual(take(), [`GET /api/alerts/${KEY}`]);
  assert.deepEqual(store.get().alerts.map((each) => each.id), [KEY]);
  assert.equal(store.get().reviews, before.reviews);
  assert.equal(store.get().facts, before.facts);
  await clock.pass(1_000);
  take();
  world.board = () => answer(board({ reviews, alerts: [alert()] }));
  lines[0].event("change", { act: "duty_taken", object: "duty", id: null, case: null }, 201);
  await settle();
  assert.deepEqual(take(), ["GET /api/board"]);
  lines[0].event("change", { act: "level_set", object: "review", id: "r", case: "c" }, 202);
  await settle();
  assert.deepEqual(take(), ["GET /api/reviews"]);
  assert.equal(store.get().reviews, before.reviews);
});

test("ways are listed with the board; one that changes is asked for alone, and one that is gone goes", async () => {
  const { clock, lines, store, take, world, ...state } = await signedIn({ ways: () => answer({ operations: [way("one"), way("two")] }) });
  const names = () => store.get().ways.known.map((each) => [each.operation, each.status]);
  const told = (id, number) => lines[0].event("change", { act: "milestone_confirmed", object: "operation", id, case: "c" }, number);
  const before = store.get();
  assert.deepEqual(names(), [["one", "go"], ["two", "go"]]);
  world.way = () => answer(way("two", { status: "in_progress" }));
  told("two", 8);
  await settle();
  assert.deepEqual(take(), ["GET /api/operations/two"]);
  assert.deepEqual(names(), [["one", "go"], ["two", "in_progress"]]);
  assert.equal(store.get().ways.known[0], before.ways.known[0]);
  world.way = () => problem(404);
  told("one", 9);
  await settle();
  assert.deepEqual(names(), [["two", "in_progress"]]);
  await clock.pass(1_000);
  take();
  // What this person may see has changed, or a circle is closed: all of them anew.
  world.ways = () => answer({ operations: [way("three")] });
  lines[0].event("access", {}, 20);
  await clock.pass(1_000);
  assert.deepEqual(names(), [["three", "go"]]);
  assert.equal(take().includes("GET /api/board"), true);
  assert.equal(state.listed.length, 2);
});

test("an alert that calls is heard and said, until somebody of the agency accepts", async () => {
  let now = alert();
  const { lines, store, sound, audio, take, clock, ...state } = await signedIn({ alert: () => answer(now) });
  sound.touched();
  await settle();
  lines[0].event("change", { object: "alert", id: KEY }, 8);
  await settle();
  assert.equal(audio.playing.length, 1);
  assert.equal(audio.playing[0].loop, true);
  assert.match(store.get().urgent.text, /ALERT, quiet-heron: panic/);
  state.session.silence();
  assert.equal(audio.playing.length, 0);
  now = alert({ recipients: [recipient(BORIS, POLICE), recipient(ANA, POLICE)] });
  lines[0].event("change", { object: "alert", id: KEY }, 9);
  await clock.pass(1_000);
  assert.equal(audio.playing.length, 1);
  state.session.silence();
  assert.equal(audio.playing.length, 0);
  now = accepted();
  lines[0].event("change", { object: "alert", id: KEY }, 9);
  await clock.pass(1_000);
  now = alert();
  lines[0].event("change", { object: "alert", id: KEY }, 10);
  await clock.pass(1_000);
  assert.equal(audio.playing.length, 1);
  now = accepted();
  lines[0].event("change", { object: "alert", id: KEY }, 11);
  await clock.pass(1_000);
  assert.equal(audio.playing.length, 0);
});

test("what should be heard begins as soon as the browser allows it", async () => {
  const state = await signedIn({ board: () => answer(board({ alerts: [alert()] })) });
  assert.equal(state.store.get().sound, "blocked");
  assert.equal(state.audible, 0);
  state.sound.touched();
  await settle();
  assert.equal(state.store.get().sound, "on");
  assert.equal(state.audible, 1);
  state.sound.toggle();
  assert.deepEqual([state.store.get().sound, state.audio.playing.length], ["off", 0]);
  const resumed = state.audio.resumed;
  state.sound.touched();
  assert.equal(state.store.get().sound, "off");
  assert.equal(state.audio.resumed, resumed);
  state.sound.toggle();
  await settle();
  assert.equal(state.audio.playing.length, 1);
});

test("an alert that one does not see any more is gone; after a change of rights so is everything else", async () => {
  const state = await signedIn({ board: () => answer(board({ alerts: [alert(), alert({ id: "other" })] })) });
  state.world.alert = () => problem(404);
  state.lines[0].event("change", { object: "alert", id: KEY }, 8);
  await settle();
  assert.deepEqual(state.store.get().alerts.map((each) => each.id), ["other"]);
  let works = false;
  state.world.board = () => (works ? answer(board()) : problem(503));
  state.world.alert = () => new Promise(() => {});
  state.lines[0].event("access", {}, 9);
  await state.clock.pass(1_000);
  assert.equal(state.store.get().behind, true);
  works = true;
  await state.clock.pass(2_000);
  assert.deepEqual(state.store.get().alerts, []);
});

test("names that are not known yet are asked for once", async () => {
  const stranger = { agency: "unknown", part: "responder", acknowledged_by: null, acknowledged_at: null };
  let seen = alert({ agencies: [stranger] });
  const { lines, take, clock, world } = await signedIn({ alert: () => answer(seen) });
  world.board = () => answer(board({ alerts: [seen] }));
  lines[0].event("change", { object: "alert", id: KEY }, 8);
  await clock.pass(1_000);
  assert.deepEqual(take(), [`GET /api/alerts/${KEY}`, "GET /api/board"]);
  seen = delivered({ agencies: [stranger] });
  lines[0].event("change", { object: "alert", id: KEY }, 9);
  await clock.pass(1_000);
  assert.deepEqual(take().filter((each) => each.endsWith("board")), []);
});

test("a session that ends in the middle of a hold: everything is hidden, and the raise goes on and through", async () => {
  const puts = [];
  const { session, store, raises, lines, clock, world } = await signedIn({
    alert: ({ method, path }) => (method === "PUT" ? (puts.push(path), answer(alert({ raised_by: BORIS }))) : problem(401)),
  });
  world.board = () => problem(401);
  lines[0].event("ended", { reason: "signed_out" });
  await settle();
  assert.deepEqual([store.get().session, store.get().why, store.get().facts], ["signed_out", "ended", null]);
  assert.deepEqual(store.get().calling.channels, [CHANNEL]);
  raises.start(CHANNEL, "Actual");
  await clock.pass(20_000);
  assert.equal(store.get().raises[0].known, "stored");
  assert.deepEqual(new Set(puts), new Set([`/api/alerts/${KEY}`]));
  assert.equal(puts.length, 2);
  assert.equal(raises.guarded(), true);
  assert.equal(await session.signOut(), "");
  assert.deepEqual(store.get().raises, []);
});

test("one's own alert that nobody has accepted is stayed with again after a reload, and once only", async () => {
  let mine = alert({ raised_by: BORIS, recipients: [recipient(ANA, "x")] });
  const { store, raises, lines, clock } = await signedIn({ board: () => answer(board({ alerts: [mine] })), alert: () => answer(mine) });
  assert.deepEqual(store.get().raises.map((each) => [each.key, each.known]), [[KEY, "stored"]]);
  assert.equal(store.get().ringing, false);
  raises.dismiss(KEY);
  assert.equal(store.get().raises.length, 1);
  raises.stop(KEY);
  await settle();
  raises.dismiss(KEY);
  assert.equal(store.get().raises.length, 0);
  mine = { ...mine, deliveries: delivered().deliveries };
  lines[0].event("reset", {}, 50);
  await clock.pass(2_000);
  assert.equal(store.get().raises.length, 0);
});

test("a press that became part of somebody else's alert is one's own too", async () => {
  const other = alert({ id: "other", pressed_by: [ANA, BORIS], recipients: [recipient(BORIS, "x")] });
  const { store, raises } = await signedIn({ alert: () => answer(other) });
  raises.start(CHANNEL, "Actual");
  await settle();
  assert.deepEqual(store.get().raises.map((each) => each.alert.id), ["other"]);
  assert.equal(store.get().ringing, false);
});

test("accepting is stored, or fails with words; a stale look does not undo it", async () => {
  let slow = () => {};
  const { store, knowledge } = await signedIn({
    board: () => answer(board({ alerts: [delivered()] })),
    alert: ({ method }) => (method === "POST" ? answer(accepted()) : new Promise((resolve) => void (slow = () => resolve(answer(delivered()))))),
  });
  const look = knowledge.look(KEY);
  await settle();
  await knowledge.accept(KEY);
  assert.notEqual(store.get().alerts[0].recipients[0].acknowledged_at, null);
  slow();
  await look;
  assert.notEqual(store.get().alerts[0].recipients[0].acknowledged_at, null);
});

test("whoever signs in after somebody else never raises in that person's stead", async () => {
  const puts = [];
  const { session, store, raises, lines, clock, world } = await signedIn({
    alert: ({ method, path }) => (method === "PUT" ? (puts.push(path), problem(503)) : problem(404)),
  });
  raises.start(CHANNEL, "Actual");
  await settle();
  assert.equal(puts.length, 1);
  const theirs = board({ me: { ...board().me, id: ANA }, alerts: [alert({ id: "another", raised_by: BORIS, recipients: [recipient(ANA, POLICE)] })] });
  let used = false;
  world.signIn = () => ((used = true), undefined);
  world.board = () => (used ? answer(theirs) : problem(401));
  lines[0].event("ended", { reason: "signed_out" });
  await settle();
  assert.equal(raises.unsent(), true);
  session.begin("code-of-another-link");
  assert.deepEqual([store.get().session, store.get().offered, puts.length], ["signed_out", true, 1]);
  assert.equal(await session.replace(), "");
  await clock.pass(60_000);
  assert.equal(puts.length, 1);
  assert.deepEqual(store.get().raises, []);
  assert.equal(raises.guarded(), false);
});

test("however many alerts have ended unheard, each is looked at, and then it is quiet", async () => {
  const many = Array.from({ length: 12 }, (_, index) => alert({ id: `alert-${index}` }));
  const { audio, clock, lines, sound, store, take, world } = await signedIn({
    board: () => answer(board({ alerts: many })),
    alert: ({ path }) => answer(ended({ id: path.split("/").at(-1) })),
  });
  sound.touched();
  await settle();
  assert.equal(audio.playing.length, 1);
  world.board = () => answer(board());
  lines[0].event("reset", {}, 50);
  await clock.pass(10_000);
  assert.deepEqual(store.get().alerts.filter((each) => each.state === "open"), []);
  assert.equal(audio.playing.length, 0);
  assert.equal(take().filter((each) => each.endsWith("board")).length, 1);
});

for (const [what, name, late] of [
  ["a board", "board", () => answer(board({ alerts: [alert()] }))],
  ["an alert", "alert", () => answer(alert())],
  ["a list of reviews", "reviews", () => answer({ reviews: [review(1)] })],
  ["a way", "way", () => answer(way("one"))],
  ["a list of safe-calls", "safeCalls", () => answer({ safe_calls: [{ safe_call: "s", codename: "c", listeners: [] }] })],
]) {
  test(`${what} that comes after the session has ended changes nothing`, async () => {
    const { clock, lines, session, store, world } = await signedIn();
    await clock.pass(1_000);
    const before = lines.length;
    let come = () => {};
    world[name] = () => new Promise((resolve) => void (come = () => resolve(late())));
    const object = { board: "duty", alert: "alert", reviews: "review", way: "operation", safeCalls: "safe_call" }[name];
    lines[0].event("change", { object, id: KEY }, 8);
    await settle();
    assert.equal(await session.signOut(), "");
    come();
    await clock.pass(2_000);
    const { alerts, facts, reviews, ways, safeCalls, session: now, why } = store.get();
    assert.deepEqual([alerts, facts, reviews, ways.known, safeCalls, now, why], [[], null, [], null, null, "signed_out", "left"]);
    assert.equal(lines.length, before);
  });
}

test("where another person signs in by another tab, nothing stays of what the one before saw and said", async () => {
  const { clock, lines, session, sound, store, take, world } = await signedIn({
    board: () => answer(board({ alerts: [alert(), alert({ id: "other" })] })),
  });
  await clock.pass(1_000);
  sound.touched();
  session.silence();
  let come = () => {};
  world.alert = () => new Promise((resolve) => void (come = () => resolve(answer(alert({ id: "other" })))));
  lines[0].event("change", { object: "alert", id: "other" }, 8);
  await settle();
  const theirs = alert({ recipients: [recipient(ANA, POLICE)], raised_by: BORIS, pressed_by: [BORIS] });
  world.board = () => answer(board({ position: 20, me: { ...board().me, id: ANA, name: "Ana Primer" }, alerts: [theirs] }));
  take();
  lines[0].event("change", { object: "duty", id: null }, 9);
  await settle();
  come();
  await clock.pass(1_000);
  assert.deepEqual(store.get().alerts.map((each) => each.id), [KEY]);
  assert.equal(store.get().ringing, true);
  assert.match(store.get().urgent.text, /^ALERT, quiet-heron: panic/);
  assert.deepEqual(take(), ["GET /api/board"]);
  assert.equal(lines.length, 2);
  assert.throws(() => lines[0].say("for the one before"));
});

test("a console whose session ends warns in its own tone and in words, until somebody touches it", async () => {
  const { audio, lines, sound, store } = await signedIn();
  sound.touched();
  await settle();
  lines[0].event("ended", { reason: "signed_out" });
  await settle();
  assert.equal(audio.playing.length, 1);
  assert.equal(store.get().urgent.text, "Your session has ended. Sign in again.");
  sound.touched();
  assert.equal(audio.playing.length, 0);
});

test("whoever signs out is not warned of it", async () => {
  const { audio, session, sound, store } = await signedIn();
  sound.touched();
  await session.signOut();
  assert.equal(audio.playing.length, 0);
  assert.equal(store.get().urgent.text, "");
});

test("a console that is cut off for long warns aloud, then now and then, and not when it is live again", async () => {
  const { audio, clock, lines, sound, world } = await signedIn();
  sound.touched();
  lines[0].event("alive", {});
  await settle();
  world.stream = () => Promise.reject(new TypeError("cut"));
  lines[0].end();
  await clock.pass(GRACE_MS + CUT_OFF_MS - 1);
  assert.equal(audio.playing.length, 0);
  await clock.pass(1);
  assert.equal(audio.playing.length, 1);
  const [{ buffer: often }] = audio.playing;
  await clock.pass(WARNING_MS);
  const [{ buffer: rarely, loop }] = audio.playing;
  assert.deepEqual([audio.playing.length, loop, rarely.length > 10 * often.length], [1, true, true]);
  sound.touched();
  await clock.pass(WARNING_MS);
  assert.equal(audio.playing.length, 0);
  world.stream = undefined;
  await clock.pass(20_000);
  lines.at(-1).event("alive", {});
  await settle();
  world.stream = () => Promise.reject(new TypeError("cut"));
  lines.at(-1).end();
  await clock.pass(GRACE_MS + CUT_OFF_MS);
  assert.equal(audio.playing.length, 1);
  world.stream = undefined;
  await clock.pass(20_000);
  lines.at(-1).event("alive", {});
  await settle();
  assert.equal(audio.playing.length, 0);
});
