// What is filled in to plan a way becomes times that move together, and nothing of its kind or words.
import assert from "node:assert/strict";
import { test } from "node:test";

import { blankPlan, bodyOf, isWhole, planOf, timeOf, withKind, withPeople, withStepAt, withoutStep } from "../../server/console/rare/planned.js";
import { blank, emptyIn, isKeptByPrograms } from "../../server/console/records/briefs.js";

const said = (words) => ({ en: words, "sr-Latn": `${words} sr`, "sr-Cyrl": `${words} ср` });
const KIND = {
  kind: "court_other", name: said("Another day"), lasts: 360, hands_over: false,
  steps: [
    { kind: "departed", after: 15, wording: said("Left for court") }, { kind: "home_safe", after: 270, wording: said("All home") },
    { kind: "debriefed", after: null, wording: said("Talked") },
  ],
};
const BRINGS = { ...KIND, kind: "shelter_transfer", hands_over: true };
const filled = () => withPeople({ ...withKind(blankPlan("circle", "me"), KIND), begins: "2031-05-14T09:00" }, { first: "a", second: "b", buddy: "c" });
const at = (local) => new Date(local).toISOString();

test("nothing of the kind or of what a step means is sent", () => {
  const words = JSON.stringify(bodyOf(filled()));
  for (const secret of ["court", "Left", "All home", "Another"]) assert.equal(words.includes(secret), false, secret);
});

test("the steps follow when it begins, and those without a time have none", () => {
  const body = bodyOf(filled());
  assert.deepEqual(body.steps.map((each) => each.due_at), [at("2031-05-14T09:15"), at("2031-05-14T13:30"), null]);
  assert.deepEqual([body.begins_at, body.ends_at], [at("2031-05-14T09:00"), at("2031-05-14T15:00")]);
  assert.deepEqual(body.steps.map((each) => each.confirmers), [["a", "b"], ["a", "b"], ["a", "b"]]);
  assert.deepEqual([body.coordinator, body.buddy, body.liaison, body.receiver, body.drill], ["me", "c", null, null, false]);
});

test("a step at another hour moves with the others from then on, and the end comes an hour after the last", () => {
  const later = withStepAt(filled(), 1, "2031-05-14T16:30");
  assert.equal(timeOf(later, later.steps[1]), "2031-05-14T16:30");
  assert.equal(bodyOf(later).ends_at, at("2031-05-14T17:30"));
  const moved = { ...later, begins: "2031-05-15T10:00" };
  assert.equal(timeOf(moved, moved.steps[1]), "2031-05-15T17:30");
  // Emptied, it stays where it was.
  assert.equal(withStepAt(later, 1, ""), later);
  assert.deepEqual(bodyOf(withoutStep(later, 0)).steps.map((each) => each.kind), ["home_safe", "debriefed"]);
});

test("across the night in which clocks go back, steps stay as far apart as they are", () => {
  const plan = { ...filled(), begins: "2031-10-26T00:30" };
  const [first, second] = bodyOf(plan).steps.map((each) => Date.parse(each.due_at));
  assert.equal(second - first, 255 * 60_000);
});

test("it is whole when everybody is named and the day is known", () => {
  assert.equal(isWhole(filled()), true);
  for (const missing of ["begins", "first", "second", "buddy", "leads"]) assert.equal(isWhole({ ...filled(), [missing]: "" }), false, missing);
  assert.equal(isWhole({ ...filled(), steps: [] }), false);
});

test("whoever takes over is named no more where nobody is brought to anybody", () => {
  const brought = { ...withKind(filled(), BRINGS), receiver: "r" };
  assert.equal(bodyOf(brought).receiver, "r");
  assert.equal(bodyOf(withKind(brought, KIND)).receiver, null);
  assert.equal(bodyOf(withKind(brought, BRINGS)).receiver, "r");
});

test("what is planned anew keeps its steps and whoever confirms each, until others go", () => {
  const way = {
    compartment: "circle", coordinator: "me", buddy: "c", liaison: null, receiver: null, drill: false,
    begins_at: "2031-05-14T07:00:30.000Z", ends_at: "2031-05-14T13:00:30.000Z",
    steps: [
      { kind: "departed", planned_at: "2031-05-14T07:15:30.000Z", due_at: "2031-05-14T07:45:30.000Z", confirmers: ["a", "b"] },
      { kind: "home_safe", planned_at: "2031-05-14T11:30:30.000Z", due_at: "2031-05-14T12:00:30.000Z", confirmers: ["a", "d"] },
    ],
  };
  const plan = { ...planOf(way), begins: "2031-06-01T09:00" };
  const body = bodyOf(plan);
  assert.deepEqual(body.steps.map((each) => [each.due_at, each.confirmers]), [[at("2031-06-01T09:15"), ["a", "b"]], [at("2031-06-01T13:30"), ["a", "d"]]]);
  assert.equal(body.ends_at, at("2031-06-01T15:00"));
  assert.deepEqual(bodyOf(withPeople(plan, { second: "e" })).steps.map((each) => each.confirmers), [["a", "e"], ["a", "e"]]);
  assert.deepEqual(bodyOf(withPeople(plan, { buddy: "e" })).steps.map((each) => each.confirmers), [["a", "b"], ["a", "d"]]);
});

const KINDS = { kinds: [KIND, BRINGS], headings: [said("Codename of the way"), said("What and where")], hand_over: said("Code of the hand-over") };

test("a brief lacks what stands under none of its headings, in whatever language it was written", () => {
  const text = blank(KINDS, KIND);
  assert.ok(text.includes("1. Left for court"));
  assert.deepEqual(emptyIn(KINDS, text), ["Codename of the way", "What and where"]);
  assert.deepEqual(emptyIn(KINDS, text.replace("way:", "way: quiet-heron")), ["What and where"]);
  assert.deepEqual(emptyIn(KINDS, "CODENAME OF THE WAY SR: quiet-heron\r\nWhat and where ср:\r\n \r\nthe court"), []);
  assert.deepEqual(emptyIn(KINDS, "only words"), ["Codename of the way", "What and where"]);
});

test("the code of the hand-over is asked for where its heading is", () => {
  assert.deepEqual(emptyIn(KINDS, blank(KINDS, BRINGS)).at(-1), "Code of the hand-over");
  assert.equal(emptyIn(KINDS, "").includes("Code of the hand-over"), false);
});

test("what a program keeps is told from what people write, among briefs alone", () => {
  assert.equal(isKeptByPrograms("brief", '{"what":"secret of places"}'), true);
  assert.equal(isKeptByPrograms("note", '{"what":"secret of places"}'), false);
  assert.equal(isKeptByPrograms("brief", "What and where: here"), false);
});
