// Names are those of entries that hold: what is only proposed names nobody.
import assert from "node:assert/strict";
import { test } from "node:test";

import { whoWords } from "../../server/console/records/people.js";
import { hex } from "../../server/console/vault/bytes.js";
import { owner } from "../../server/console/vault/bundle.js";
import { signedEntry } from "../../server/console/vault/log.js";
import { Network } from "../../server/console/vault/network.js";
import { make } from "../../server/console/vault/statement.js";

const AT = 1_770_000_000;
const id = (number) => new Uint8Array(16).fill(number);
const [AGENCY, OTHER, NEW] = [200, 201, 202].map(id);
const keysOf = (number) => ({ seed: new Uint8Array(32).fill(number), secret: new Uint8Array(32).fill(number + 100) });

function attested(number, name, agency = AGENCY, role = "administrator") {
  const { signingKey, boxKey } = owner(keysOf(number), new Uint8Array(32), id(number));
  return new Map(Object.entries({
    person: id(number), agency, name, role, signing_key: signingKey, box_key: boxKey, matrix_user: "", matrix_master: new Uint8Array(),
  }));
}

function founded() {
  const agency = (its, name, people) => new Map(Object.entries({ agency: its, name, kind: "ngo", people }));
  const agencies = [
    agency(AGENCY, "Kuća", [attested(1, "Ana"), attested(2, "Bela"), attested(3, "Ceca")]), agency(OTHER, "Most", [attested(4, "Dara", OTHER)]),
  ];
  const body = new Map(Object.entries({
    log: id(0), number: 0, after: new Uint8Array(32), at: AT, by: id(1), do: "found", with: new Map([["name", "Mreža"], ["agencies", agencies]]), seen: [],
  }));
  return new Network(make(keysOf(1).seed, "genesis", new Uint8Array(32), body));
}

function say(network, by, does, particulars) {
  const { hashes, last } = network.chain;
  const data = signedEntry(keysOf(by).seed, network.id, 0, {
    log: id(0), number: hashes.length, after: last, at: AT, by: id(by), do: does, particulars, seen: [],
  });
  return network.take(data);
}

const nameOf = (network, number) => whoWords(network, hex(id(number)));
const until = (map) => new Map([...map, ["until", AT + 3600]]);

test("who founded it is named, with their agency", () => {
  const network = founded();
  assert.deepEqual([1, 4].map((each) => nameOf(network, each)), ["Ana (Kuća)", "Dara (Most)"]);
  assert.equal(nameOf(network, 9), "somebody whose name is not known here");
});

test("another name for somebody counts once it was agreed to, and not before", () => {
  const network = founded();
  const proposed = say(network, 1, "attest", until(attested(2, "Dara")));
  assert.equal(nameOf(network, 2), "Bela (Kuća)");
  say(network, 3, "approve", new Map([["proposal", proposed.head.hash]]));
  assert.equal(nameOf(network, 2), "Dara (Kuća)");
});

test("what was withdrawn names nobody", () => {
  const network = founded();
  const proposed = say(network, 1, "attest", until(attested(9, "Ana", AGENCY, "practitioner")));
  say(network, 1, "withdraw", new Map([["proposal", proposed.head.hash]]));
  assert.equal(nameOf(network, 9), "somebody whose name is not known here");
});

test("an agency that is proposed names neither itself nor its people", () => {
  const network = founded();
  const join = new Map(Object.entries({ agency: NEW, name: "Kuća", kind: "ngo", people: [attested(9, "Ana", NEW)] }));
  const proposed = say(network, 1, "join", until(join));
  assert.equal(network.agencyNames.get(hex(NEW)), undefined);
  assert.equal(nameOf(network, 9), "somebody whose name is not known here");
  say(network, 4, "approve", new Map([["proposal", proposed.head.hash]]));
  assert.equal(nameOf(network, 9), "Ana (Kuća)");
});

test("a person who has an agency's id renames no agency, and an agency with a person's id nobody", () => {
  const network = founded();
  const proposed = say(network, 1, "attest", until(attested(201, "Policija", AGENCY, "practitioner")));
  say(network, 3, "approve", new Map([["proposal", proposed.head.hash]]));
  assert.equal(nameOf(network, 201), "Policija (Kuća)");
  assert.equal(nameOf(network, 4), "Dara (Most)");
  const join = new Map(Object.entries({ agency: id(2), name: "Sud", kind: "court_support", people: [attested(9, "Iva", id(2))] }));
  const joining = say(network, 1, "join", until(join));
  say(network, 4, "approve", new Map([["proposal", joining.head.hash]]));
  assert.deepEqual([2, 9].map((each) => nameOf(network, each)), ["Bela (Kuća)", "Iva (Sud)"]);
});

test("who has left is still named", () => {
  const network = founded();
  say(network, 1, "revoke", new Map([["person", id(2)]]));
  assert.equal(nameOf(network, 2), "Bela (Kuća)");
});
