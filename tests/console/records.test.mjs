// What is handed to a browser behind the `#` of a link, and how bytes and ids are written.
import assert from "node:assert/strict";
import { test } from "node:test";

import { fromBase64, idBytes, newId, toBase64, uuid } from "../../server/console/records/coding.js";
import { handoverOf } from "../../server/console/records/handover.js";

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
