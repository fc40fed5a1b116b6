// What a newcomer types, before anything is sent: rows, names, addresses, and the passphrase that is drawn.
import assert from "node:assert/strict";
import { test } from "node:test";

import { matrixUserOf, nameOf, paperOf, slips } from "../../server/console/records/joining_rules.js";
import { answered } from "../../server/console/vault/challenge.js";
import { drawn, shown } from "../../server/console/vault/drawn_passphrase.js";
import { ENGLISH, SERBIAN } from "../../server/console/vault/drawn_words.js";
import { text } from "../../server/console/vault/invitations.js";
import { plain } from "../../server/console/vault/passphrase.js";

const ORIGIN = "https://streha.example";
const numbers = (from, count) => Uint8Array.from({ length: count }, (_, at) => from + at);
const PAPER = { role: "practitioner", genesis: numbers(0, 32), head: numbers(100, 32), token: numbers(200, 16), address: ORIGIN };
const ROWS = text(PAPER).split("\n");

function outcomeOf(act) {
  try {
    act();
  } catch (error) {
    return error.outcome;
  }
  return "";
}

test("a paper is read at the address that it names, and nowhere else", () => {
  assert.deepEqual(paperOf(text(PAPER), ORIGIN), PAPER);
  assert.deepEqual(paperOf(text({ ...PAPER, address: `${ORIGIN}/` }), ORIGIN).token, PAPER.token);
  for (const elsewhere of ["https://streha.example.org", "http://streha.example", "https://streha.example:8443", "null"]) {
    assert.equal(outcomeOf(() => paperOf(text(PAPER), elsewhere)), "another-address");
  }
  assert.equal(outcomeOf(() => paperOf(text({ ...PAPER, address: "http://[" }), "")), "");
  assert.equal(outcomeOf(() => paperOf("", ORIGIN)), "paper-not-whole");
  assert.equal(outcomeOf(() => paperOf(text(PAPER).replace("streha.example", "streha.exampel"), ORIGIN)), "invitation-wrong");
});

test("rows that are wrong are named while one types, and the one that is being typed is not", () => {
  const typed = (...rows) => slips(rows.join("\n"));
  assert.deepEqual(typed(""), []);
  assert.deepEqual(typed(...ROWS), []);
  assert.deepEqual(typed(ROWS.slice(0, 9).join(" "), "streha.example"), []);
  assert.deepEqual(typed(ROWS[0], ROWS[1].slice(0, 7)), []);
  assert.deepEqual(typed(ROWS[0], ROWS[1].slice(0, 7), ROWS[2]), [2]);
  assert.deepEqual(typed(ROWS[1], ROWS[0]), [1, 2]);
  assert.deepEqual(typed(ROWS[0].toLowerCase().replaceAll(" ", "-").replaceAll("0", "o"), ROWS[1]), []);
});

test("a name is one that people can read, and a Matrix user is one", () => {
  assert.equal(nameOf("  Vera \t Primer "), "Vera Primer");
  assert.equal(nameOf("Вера Пример-Ђорђевић"), "Вера Пример-Ђорђевић");
  for (const wrong of ["", "  ", "Vera\u200bPrimer", "V\u0000", "a".repeat(201)]) assert.equal(outcomeOf(() => nameOf(wrong)), "name-wrong");
  assert.equal(matrixUserOf(" @vera:streha.example "), "@vera:streha.example");
  for (const wrong of ["vera", "@Vera:streha.example", "@vera", "@vera:", "@ve ra:streha.example"]) {
    assert.equal(outcomeOf(() => matrixUserOf(wrong)), "not-a-matrix-user");
  }
});

test("a passphrase is seven words of the language's list, and reads back from each script", () => {
  for (const [language, known] of [["en", ENGLISH], ["sr-Latn", SERBIAN], ["sr-Cyrl", SERBIAN]]) {
    const words = drawn(language);
    assert.equal(words.split(" ").length, 7);
    assert.ok(words.split(" ").every((each) => known.includes(each)));
    assert.notEqual(words, drawn(language));
    for (const each of known) assert.equal(plain(shown(each, language)), each);
  }
  assert.match(shown(SERBIAN.join(" "), "sr-Cyrl"), /^[\u0400-\u04ff ]+$/);
});

test("a challenge is answered with the very bytes that Python answers with", () => {
  const signature = answered(numbers(1, 32), numbers(50, 32), ORIGIN, numbers(3, 16), numbers(90, 32));
  assert.equal(Buffer.from(signature).toString("hex"), "609be87a533ab94980602edb379fb1496d045ba3d53bfc5969675cea28992e657e7195f36ad978af1d14e6fb76fe85c335162d685b7b7c0453d70f0d6db01907");
});
