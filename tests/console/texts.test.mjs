// Sentences are said in the chosen language, and in English where it has no words.
import assert from "node:assert/strict";
import { test } from "node:test";

import { codeOf, screenOf } from "../../server/console/places.js";
import { distance, duration, moment } from "../../server/console/moments.js";
import { firstLanguage, language, locale, speak, speakRare, t } from "../../server/console/texts.js";
import { answer, problem } from "./world.mjs";

const WORDS = { "Raised {time} by {person}.": "Podignuta {time}: {person}.", Empty: "" };
const AT = Date.parse("2026-03-02T09:00:00Z");

test("parameters are filled in, whatever they contain", async () => {
  await speak("en", async () => problem(404));
  assert.equal(t("Raised {time} by {person}.", { time: "09:00", person: "{time} $& <b>" }), "Raised 09:00 by {time} $& <b>.");
  assert.equal(t("{count} of {toString}", { count: 0 }), "0 of {toString}");
});

test("another language is spoken once its words are there, and else the one before", async () => {
  const asked = [];
  const fetch = async (path) => (asked.push(path), answer(WORDS));
  assert.equal(await speak("sr-Latn", fetch), true);
  assert.deepEqual(asked, ["/console/texts/sr-Latn.json"]);
  assert.equal(t("Raised {time} by {person}.", { time: "09:00", person: "Ana Primer" }), "Podignuta 09:00: Ana Primer.");
  assert.equal(t("Empty"), "Empty");
  assert.equal(t("Unknown"), "Unknown");
  for (const broken of [async () => problem(500), async () => answer("<html>"), async () => Promise.reject(new TypeError("cut"))]) {
    assert.equal(await speak("sr-Cyrl", broken), false);
  }
  assert.equal(await speak("xx", fetch), false);
  assert.deepEqual([language(), locale()], ["sr-Latn", "sr-Latn"]);
  await speak("en", fetch);
  assert.deepEqual([language(), locale()], ["en", "en-GB"]);
});

test("words that come after another wish change nothing, and have not failed", async () => {
  for (const late of [() => answer(WORDS), () => problem(500)]) {
    let come = () => {};
    const slow = speak("sr-Latn", () => new Promise((resolve) => void (come = () => resolve(late()))));
    assert.equal(await speak("en", async () => problem(404)), true);
    come();
    assert.equal(await slow, true);
    assert.deepEqual([language(), t("Raised {time} by {person}.", { time: "1", person: "2" })], ["en", "Raised 1 by 2."]);
  }
});

test("the first language is the one that was chosen, else the browser's first that is known", () => {
  assert.equal(firstLanguage("sr-Cyrl", ["en"]), "sr-Cyrl");
  assert.equal(firstLanguage("xx", ["de-DE", "sr-RS", "en"]), "sr-Latn");
  assert.equal(firstLanguage(null, ["sr-Cyrl-RS"]), "sr-Cyrl");
  assert.equal(firstLanguage(null, ["bs"]), "sr-Latn");
  assert.equal(firstLanguage(null, ["de", "sreda"]), "en");
  assert.equal(firstLanguage("toString", []), "en");
});

test("times are said in words", () => {
  const minute = 60_000;
  assert.equal(distance(AT - 4 * minute, AT), "4 min ago");
  assert.equal(distance(AT - 3_000, AT), "now");
  assert.equal(distance(AT + 90 * minute, AT), "in 90 min");
  assert.equal(distance(AT + 26 * 60 * minute, AT), "in 26 hr");
  assert.equal(distance(AT - 33 * 24 * 60 * minute, AT), "33 days ago");
  assert.equal(duration(45_000), "45 seconds");
  assert.equal(duration(3 * minute), "3 minutes");
  assert.match(moment(AT - 400 * 24 * 60 * minute, AT), /2025/);
  assert.match(moment(AT - 3 * 24 * 60 * minute, AT), /Feb/);
  assert.match(moment(AT, AT), /^\d\d:\d\d$/);
});

test("an address is a screen, or holds a code for a moment", () => {
  assert.deepEqual(["", "#", "#/board", "#/drill", "#/drill/x", "#/other"].map(screenOf), ["board", "board", "board", "drill", "board", "other"]);
  assert.equal(codeOf("#AbC3eF6hIj9lMn2pQr5tUv8xYz1-_4bCd7fGh0jKlMn"), "AbC3eF6hIj9lMn2pQr5tUv8xYz1-_4bCd7fGh0jKlMn");
  assert.deepEqual(["", "#/board", "#short", "#with space in it, and long"].map(codeOf), ["", "", "", ""]);
});

// Last, for from here on the words of what few need are always fetched with the others.
test("the words of what few need come with the first of it, and with every language from then on", async () => {
  const asked = [];
  const fetch = async (path) => (asked.push(path), answer(path.includes("rare") ? { Rare: "Retko" } : WORDS));
  await speak("sr-Latn", fetch);
  assert.equal(t("Rare"), "Rare");
  await assert.rejects(speakRare(async (path) => (path.includes("rare") ? problem(500) : answer(WORDS))));
  assert.deepEqual([t("Rare"), t("Raised {time} by {person}.", { time: 1, person: 2 })], ["Rare", "Podignuta 1: 2."]);
  asked.length = 0;
  await Promise.all([speakRare(fetch), speakRare(fetch)]);
  assert.deepEqual(asked, ["/console/texts/sr-Latn.json", "/console/texts/rare/sr-Latn.json"]);
  assert.equal(t("Rare"), "Retko");
  await speak("sr-Cyrl", fetch);
  assert.deepEqual(asked.slice(2), ["/console/texts/sr-Cyrl.json", "/console/texts/rare/sr-Cyrl.json"]);
  await speak("en", fetch);
  assert.equal(t("Rare"), "Rare");
});
