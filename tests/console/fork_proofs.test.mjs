// Whose statement may be kept as proof that a log was forked: the rows of tests/unit/test_fork_proofs.py, told alike here.
import assert from "node:assert/strict";
import { test } from "node:test";

import { requireAuthor } from "../../server/console/records/proofs.js";
import { owner } from "../../server/console/vault/bundle.js";
import { Compartment } from "../../server/console/vault/compartment.js";
import { read, signedEntry, START } from "../../server/console/vault/log.js";
import { Network } from "../../server/console/vault/network.js";
import { make } from "../../server/console/vault/statement.js";

const NOW = 1_770_000_000;
const [DIRECTORY, MEMBERSHIP, RECORDS] = [0, 1, 2];
const id = (number) => new Uint8Array(16).fill(number);
const COMPARTMENT = id(99);
const UNKNOWN = new Uint8Array(32).fill(77);
const OTHER = new Uint8Array(32).fill(5);

function somebody(number, agency, { role = "practitioner", generation = 0 } = {}) {
  const keys = { seed: new Uint8Array(32).fill(number + 40 * generation), secret: new Uint8Array(32).fill(number + 100 + 40 * generation) };
  return { id: id(number), agency: id(agency), name: `name-${number}`, role, seed: keys.seed, ...owner(keys, new Uint8Array(32), id(number)) };
}

const ADMINISTRATOR = { role: "administrator" };
const ANA = somebody(1, 200, ADMINISTRATOR);
const BOJAN = somebody(2, 200);
const SARA = somebody(3, 200);
const SARA_NOW = somebody(3, 200, { generation: 1 });
const PETAR = somebody(4, 201, ADMINISTRATOR);
const OLGA = somebody(5, 202, ADMINISTRATOR);
const IVA = somebody(6, 202);
// Signs with a key of its own, and says that it is Ana.
const SERVER = { ...somebody(7, 200, ADMINISTRATOR), id: ANA.id };

const particularsOf = (values) => new Map(Object.entries(values));

function attested({ id: person, agency, name, role, signingKey, boxKey }) {
  return particularsOf({ person, agency, name, role, signing_key: signingKey, box_key: boxKey, matrix_user: "", matrix_master: new Uint8Array() });
}

function genesis() {
  const agency = (number, ...people) => particularsOf({ agency: id(number), name: `agency-${number}`, kind: "ngo", people: people.map(attested) });
  const agencies = [agency(200, ANA, BOJAN, SARA), agency(201, PETAR), agency(202, OLGA, IVA)];
  const body = particularsOf({
    log: id(0), number: 0, after: START, at: NOW, by: ANA.id, do: "found", with: particularsOf({ name: "network", agencies }), seen: [],
  });
  return make(ANA.seed, "genesis", new Uint8Array(32), body);
}

/**
 * A directory of four entries and a compartment of three, as somebody has verified them. Sara has other keys from the
 * directory's entry 2 on, and is a member from entry 1 of the members on; Bojan is of the network until entry 3, and out
 * of the compartment from entry 2 of the members on.
 */
function aWorld() {
  const network = new Network(genesis());
  const compartment = new Compartment(network, COMPARTMENT);
  const says = (by, does, values) => {
    const { hashes, last } = network.chain;
    network.take(signedEntry(by.seed, network.id, DIRECTORY, {
      log: id(0), number: hashes.length, after: last, at: NOW, by: by.id, do: does, particulars: particularsOf(values), seen: [],
    }));
  };
  const memberSays = (by, does, values) => {
    const { hashes, last } = compartment.members;
    compartment.takeMemberEntry(signedEntry(by.seed, network.id, MEMBERSHIP, {
      log: COMPARTMENT, number: hashes.length, after: last, at: NOW, by: by.id, do: does, particulars: particularsOf(values), seen: [network.head],
    }));
  };
  return { network, compartment, says, memberSays };
}

function told() {
  const world = aWorld();
  const { network, says, memberSays } = world;
  memberSays(ANA, "open", { case: id(0), sensitive: false, coordinator: ANA.id, deputy: PETAR.id, members: [BOJAN.id], ends_at: 0 });
  says(ANA, "rekey", { person: SARA.id, signing_key: SARA_NOW.signingKey, box_key: SARA_NOW.boxKey, until: NOW + 100 });
  says(PETAR, "approve", { proposal: network.head.hash });
  memberSays(ANA, "add", { person: SARA.id });
  says(ANA, "revoke", { person: BOJAN.id });
  memberSays(ANA, "remove", { person: BOJAN.id });
  return world;
}

const WORLD = told();

/** A head of a log; where a hash is given, one that differs from what is here. */
function headOf({ network, compartment }, kind, number, hash = null) {
  const chain = kind === DIRECTORY ? network.chain : compartment.members;
  return { kind, log: chain.log, number, hash: hash ?? chain.hashes[number] ?? UNKNOWN };
}

/** An entry that claims a position, well signed by its author. */
function claim({ network }, author, kind, number, seen = [], at = NOW) {
  const data = signedEntry(author.seed, network.id, kind, {
    log: kind === DIRECTORY ? id(0) : COMPARTMENT, number, after: UNKNOWN, at, by: author.id, do: "anything", particulars: new Map(), seen,
  });
  return read(data, kind, network.id);
}

function isJudged(refused, entry, { network, compartment } = WORLD) {
  const judge = () => requireAuthor(entry, network, compartment);
  if (refused) assert.throws(judge, { outcome: refused });
  else judge();
}

test("of the directory an administrator's", () => {
  const rows = [
    [ANA, 3, null],
    [PETAR, 1, null],
    [SERVER, 3, "signature-wrong"],
    [SARA, 2, "not-empowered"],
    [BOJAN, 4, "signature-wrong"],
    [ANA, 9, "behind"],
    [ANA, 0, "behind"],
  ];
  for (const [author, number, refused] of rows) isJudged(refused, claim(WORLD, author, DIRECTORY, number));
});

test("of a compartment's members one who was a member", () => {
  const rows = [
    [PETAR, 2, 3, null, null],
    [SARA_NOW, 2, 3, null, null],
    // Bojan could have, as long as nobody there had seen that he is gone.
    [BOJAN, 2, 2, null, null],
    [BOJAN, 2, 3, null, "signature-wrong"],
    // With keys that are theirs no more, and before they were in.
    [SARA, 2, 0, null, "signature-wrong"],
    [SARA_NOW, 1, 2, null, "not-empowered"],
    [OLGA, 2, 3, null, "not-empowered"],
    [SERVER, 2, 3, null, "signature-wrong"],
    // Whoever was shown another directory says so with the key that both know.
    [ANA, 2, 3, OTHER, null],
    [SERVER, 2, 3, OTHER, "signature-wrong"],
    [ANA, 2, 9, null, "behind"],
    [ANA, 9, 3, null, "behind"],
    // The first entry is whoever's of the network; another genesis is nobody's.
    [OLGA, 0, 0, null, null],
    [SERVER, 0, 0, null, "signature-wrong"],
    [ANA, 0, 0, OTHER, "behind"],
  ];
  for (const [author, number, directory, hash, refused] of rows) {
    isJudged(refused, claim(WORLD, author, MEMBERSHIP, number, [headOf(WORLD, DIRECTORY, directory, hash)]));
  }
});

test("of its records one who was a member where it says", () => {
  const rows = [
    [PETAR, 2, null, null],
    [SARA_NOW, 2, null, null],
    [SARA_NOW, 0, null, "signature-wrong"],
    [SARA, 0, null, "not-empowered"],
    [BOJAN, 1, null, null],
    [BOJAN, 2, null, "signature-wrong"],
    [OLGA, 2, null, "not-empowered"],
    [SERVER, 2, null, "signature-wrong"],
    [BOJAN, 2, OTHER, null],
    // By the members' entry before it, where Sara was in with the keys of now.
    [SARA_NOW, 2, OTHER, null],
    [ANA, 9, null, "behind"],
  ];
  for (const [author, members, hash, refused] of rows) {
    isJudged(refused, claim(WORLD, author, RECORDS, 0, [headOf(WORLD, MEMBERSHIP, members, hash)]));
  }
});

test("what does not say what it rests on is no proof, nor what is of another compartment", () => {
  for (const kind of [MEMBERSHIP, RECORDS]) isJudged("not-as-written", claim(WORLD, ANA, kind, 1));
  const claimed = claim(WORLD, ANA, MEMBERSHIP, 1, [headOf(WORLD, DIRECTORY, 0)]);
  isJudged("not-as-written", claimed, { ...WORLD, compartment: new Compartment(WORLD.network, id(98)) });
});

test("of nobody whose stay is over, and of no agency that is suspended", () => {
  const world = aWorld();
  const { network, says, memberSays } = world;
  memberSays(ANA, "open", { case: id(0), sensitive: true, coordinator: ANA.id, deputy: PETAR.id, members: [], ends_at: 0 });
  memberSays(ANA, "add-in-emergency", { person: IVA.id, until: NOW + 3600 });
  const seen = () => [headOf(world, DIRECTORY, network.head.number)];
  isJudged(null, claim(world, IVA, MEMBERSHIP, 2, seen(), NOW + 3599), world);
  isJudged("not-empowered", claim(world, IVA, MEMBERSHIP, 2, seen(), NOW + 3600), world);
  const known = [headOf(world, MEMBERSHIP, 1)];
  isJudged(null, claim(world, IVA, RECORDS, 0, known, NOW + 3599), world);
  isJudged("not-empowered", claim(world, IVA, RECORDS, 0, known, NOW + 3600), world);
  says(ANA, "suspend", { agency: id(202), until: NOW + 100 });
  says(PETAR, "approve", { proposal: network.head.hash });
  isJudged("not-empowered", claim(world, IVA, MEMBERSHIP, 2, seen()), world);
  isJudged("not-empowered", claim(world, OLGA, DIRECTORY, network.head.number + 1), world);
  // What it rests on was before the suspension: it could have been written there.
  isJudged(null, claim(world, IVA, MEMBERSHIP, 2, [headOf(world, DIRECTORY, 0)]), world);
});
