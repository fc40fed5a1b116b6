// What is handed to a browser behind the `#` of a link, how bytes and ids are written, and how far answers are read.
import assert from "node:assert/strict";
import { test } from "node:test";

import { LARGEST_ANSWER } from "../../server/console/records/bounded.js";
import { fromBase64, idBytes, newId, toBase64, uuid } from "../../server/console/records/coding.js";
import { handoverOf } from "../../server/console/records/handover.js";
import { createVaultApi } from "../../server/console/records/vault_api.js";
import { answer, StandingClock } from "./world.mjs";

const CODE = "A".repeat(43);
const handed = Uint8Array.from({ length: 97 }, (_, at) => (at ? at : 1));
const inLink = (bytes) => toBase64(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

test("a link hands over a code, a network, a person, a bundle and a secret", () => {
  const { code, pairing } = handoverOf(`#${CODE}.${inLink(handed)}`);
  assert.equal(code, CODE);
  assert.deepEqual(pairing, {
    network: handed.slice(1, 33), person: handed.slice(33, 49), bundle: handed.slice(49, 65), secret: handed.slice(65), handedOver: true,
  });
});

test("a link without keys only signs in", () => {
  assert.deepEqual(handoverOf(`#${CODE}`), { code: CODE, pairing: null });
});

test("what is no link hands over nothing", () => {
  const later = handed.slice();
  later[0] = 2;
  for (const hash of ["", "#", "#/board", `#${CODE}.`, `#${CODE}.${inLink(handed.slice(1))}`, `#${CODE}.${inLink(handed)}A`, `#${CODE}.${inLink(handed)} `]) {
    assert.equal(handoverOf(hash).pairing, null, hash);
  }
  assert.equal(handoverOf(`#${CODE}.${inLink(later)}`).pairing, null);
});

test("bytes come back from base64, and what is none is refused", () => {
  const long = Uint8Array.from({ length: 100_000 }, (_, at) => at % 251);
  for (const bytes of [new Uint8Array(), new Uint8Array([255, 0]), long]) assert.deepEqual(fromBase64(toBase64(bytes)), bytes);
  assert.equal(fromBase64("no base64!"), null);
});

test("an id is written as a UUID", () => {
  const id = newId();
  assert.equal(id.length, 16);
  assert.deepEqual(idBytes(uuid(id)), id);
  assert.equal(uuid("00112233445566778899aabbccddeeff"), "00112233-4455-6677-8899-aabbccddeeff");
});

test("an answer without an end is given up, and one that is long enough is read", async () => {
  const whole = { entries: ["A".repeat(LARGEST_ANSWER - 100)], length: 1 };
  const endless = () => new Response(new ReadableStream({ pull: (flow) => flow.enqueue(new Uint8Array(65_536).fill(32)) }));
  const api = (fetch) => createVaultApi({ fetch: async () => fetch(), clock: new StandingClock() });
  await assert.rejects(api(endless).directory(0), { name: "Error", kind: /garbled|unreachable/ });
  assert.equal((await api(() => answer(whole)).directory(0)).length, 1);
});

test("a version, or a wrap of one, that is nothing is a garbled answer", async () => {
  const version = "01".repeat(16);
  const given = (each) => createVaultApi({ fetch: async () => answer({ versions: [each] }), clock: new StandingClock() });
  for (const each of [null, 7, [], { version: uuid(version) }, { version: uuid(version), content: "", wraps: [null] }, { version: uuid(version), content: "", wraps: [{ epoch: 1, wrap: null }] }]) {
    await assert.rejects(given(each).current(newId(), [{ deed: { version: idBytes(version) } }]), { kind: "garbled" });
  }
});

test("pages of versions go up, hold what was asked for, and come to an end whatever the server does", async () => {
  const ids = ["01", "02", "03"].map((each) => each.repeat(16));
  const wanted = ids.map((each) => ({ deed: { version: idBytes(each) } }));
  const page = (...given) => answer({ versions: given.map((each) => ({ version: uuid(each), content: "", wraps: [] })) });
  let asked = 0;
  const api = (give) => createVaultApi({
    fetch: async () => {
      asked += 1;
      return give(asked);
    },
    clock: new StandingClock(),
  });
  const one = (nth) => (nth <= 3 ? page(ids[nth - 1]) : page());
  assert.deepEqual((await api(one).current(newId(), wanted)).map((each) => each.version), ids.map(uuid));
  // Another one came in between: what was asked for is had all the same.
  asked = 0;
  const more = (nth) => (nth === 1 ? page(ids[0], "015".padEnd(32, "0"), ids[1]) : page(ids[2]));
  assert.deepEqual((await api(more).current(newId(), wanted)).map((each) => each.version), ids.map(uuid));
  await assert.rejects(api(() => page(ids[0], ids[0])).current(newId(), wanted), { kind: "garbled" });
  asked = 0;
  const others = (nth) => page(nth.toString(16).padStart(32, "0"));
  await api(others).current(newId(), wanted.slice(2));
  assert.ok(asked < 100);
});
