// How a case of the vault's vectors is tried by the browsers' program: one function for each word that a case `does`.
// `node tests/vault/tried.mjs` tries every file of `tests/vectors`, prints what came out otherwise, and fails; in a page
// `tried` is called with the cases.
import * as judging from "../../server/console/records/judging.js";
import * as bundle from "../../server/console/vault/bundle.js";
import { numberOf, text } from "../../server/console/vault/bytes.js";
import * as content from "../../server/console/vault/content.js";
import { decode, encode } from "../../server/console/vault/deterministic.js";
import * as epoch from "../../server/console/vault/epoch.js";
import { Refused } from "../../server/console/vault/failures.js";
import * as history from "../../server/console/vault/history.js";
import * as invitations from "../../server/console/vault/invitations.js";
import * as offers from "../../server/console/vault/key_offers.js";
import * as log from "../../server/console/vault/log.js";
import { padded, paddedLength, unpadded } from "../../server/console/vault/padding.js";
import { plain } from "../../server/console/vault/passphrase.js";
import * as sealedBox from "../../server/console/vault/sealed_box.js";
import * as statement from "../../server/console/vault/statement.js";
import * as wrap from "../../server/console/vault/wrap.js";
import { told as knowersTold } from "./knowing.mjs";
import { told as storyTold } from "./told.mjs";

export function tried({ does, given }) {
  try {
    return { outcome: "ok", gives: DOES[does](given) };
  } catch (error) {
    if (error instanceof Refused) return { outcome: error.outcome, gives: {} };
    throw error;
  }
}

/** What comes out otherwise than the cases say. */
export function otherwise(cases) {
  return cases.flatMap((each) => {
    let found;
    try {
      found = tried(each);
    } catch (error) {
      found = { outcome: String(error), gives: {} };
    }
    const right = found.outcome === each.outcome && sorted(found.gives) === sorted(each.gives ?? {});
    return right ? [] : [{ case: `${each.does}: ${each.case}`, wanted: each.outcome, found }];
  });
}

const DOES = {
  "assessment.judged": ({ definition, assessment, instrument, before }) => ({
    ...judging.judged(definition, assessment, instrument), lowers: judging.lowers(definition, assessment, before),
    lacking: judging.lacking(definition, assessment, instrument, before).map(({ lack, indicator }) => [lack, indicator]),
  }),
  "deterministic.decode": (given) => {
    const value = decode(bytes(given.bytes));
    return { value: shown(value), again: hex(encode(value)) };
  },
  "statement.make": (given) => {
    const made = statement.make(bytes(given.seed), given.purpose, bytes(given.network), decode(bytes(given.body)));
    return { statement: hex(made), hash: hex(statement.hashOf(made)) };
  },
  "statement.verified": (given) => {
    const said = statement.verified(bytes(given.statement), given.purpose, bytes(given.network));
    return { key: hex(said.key), hash: hex(said.hash), body: hex(encode(said.body)) };
  },
  "log.read": (given) => {
    const entry = log.read(bytes(given.statement), given.kind, bytes(given.network));
    const { kind: _kind, ...head } = told(entry.head);
    return {
      ...head, after: hex(entry.after), at: entry.at, by: hex(entry.by), do: entry.do,
      with: hex(encode(entry.particulars)), seen: entry.seen.map(told),
    };
  },
  "log.follow": (given) => {
    const chain = new log.Chain(given.kind, bytes(given.log));
    for (const each of given.statements) chain.append(log.read(bytes(each), given.kind, bytes(given.network)));
    return { last: hex(chain.last), entries: chain.hashes.length };
  },
  "log.require": (given) => {
    const { kind, number, ...seen } = given.seen;
    const head = { kind, number, log: bytes(seen.log), hash: bytes(seen.hash) };
    new log.Chain(given.kind, bytes(given.log), given.hashes.map(bytes)).require(head);
    return {};
  },
  "padding.length": (given) => ({ length: paddedLength(given.length) }),
  "padding.padded": (given) => ({ padded: hex(padded(bytes(given.text))) }),
  "padding.unpadded": (given) => ({ text: hex(unpadded(bytes(given.padded))) }),
  "content.promise": (given) => ({ promise: hex(content.promise(bytes(given.key), place(given))) }),
  "content.open": (given) => {
    const sealed = { content: bytes(given.content), hash: bytes(given.hash), promise: bytes(given.promise) };
    return { text: hex(content.open(bytes(given.key), place(given), sealed)) };
  },
  "wrap.key": (given) => ({ key: hex(wrap.keyForWraps(bytes(given.epoch_key))) }),
  "wrap.unwrap": (given) => {
    const key = wrap.keyForWraps(bytes(given.epoch_key));
    return { key: hex(wrap.unwrap(key, given.epoch, place(given), bytes(given.wrap))) };
  },
  "epoch.promise": (given) => ({ promise: hex(epoch.promise(which(given), bytes(given.key))) }),
  "epoch.accept": (given) => {
    const [secret, sealed, member, promise] = ["secret", "sealed", "member", "promise"].map((each) => bytes(given[each]));
    return { key: hex(epoch.accept(secret, sealed, which(given), member, promise)) };
  },
  "history.accept": (given) => {
    const whose = { network: bytes(given.network), compartment: bytes(given.compartment), member: bytes(given.member) };
    const keys = history.accept(bytes(given.secret), bytes(given.sealed), whose);
    return { keys: Object.fromEntries(keys.map(({ version, key }) => [hex(version), hex(key)])) };
  },
  "sealed-box.seal": (given) => ({ length: sealedBox.seal(bytes(given.key), text("page")).length }),
  "invitation.text": (given) => ({ text: invitations.text(paper(given)) }),
  "invitation.read": (given) => {
    const { genesis, head, token, ...found } = invitations.read(given.text);
    return { ...found, genesis: hex(genesis), head: hex(head), token: hex(token) };
  },
  "invitation.row": (given) => ({ written: invitations.readRow(given.typed, given.row) }),
  "invitation.wrong-row": (given) => {
    try {
      invitations.read(given.text);
      return { row: 0 };
    } catch (error) {
      if (error.outcome !== "row-wrong") throw error;
      return { row: Number(error.about) };
    }
  },
  "offer.make": ({ seed, network, ...said }) => {
    const offer = { ...said, person: bytes(said.person), agency: bytes(said.agency), box_key: bytes(said.box_key) };
    const made = offers.make(bytes(seed), bytes(network), offer);
    return { statement: hex(made), code: offers.read(made, bytes(network)).code };
  },
  "offer.read": (given) => {
    const { offer, signingKey, code } = offers.read(bytes(given.statement), bytes(given.network));
    const { person, agency, box_key: boxKey, ...said } = offer;
    return { ...said, person: hex(person), agency: hex(agency), box_key: hex(boxKey), signing_key: hex(signingKey), code };
  },
  "logs.told": (given) => {
    const steps = given.steps.map(([kind, made]) => [kind, bytes(made)]);
    return storyTold(bytes(given.genesis), bytes(given.compartment), steps, given.now);
  },
  "logs.known": (given) => knowersTold(given, bytes),
  "bundle.normal": (given) => ({ bytes: hex(bundle.normal(given.passphrase)) }),
  "passphrase.plain": (given) => ({ plain: plain(given.passphrase) }),
  "bundle.unlock": (given) => {
    const whose = {
      network: bytes(given.network), person: bytes(given.person), signingKey: bytes(given.signing_key),
      boxKey: bytes(given.box_key),
    };
    const opening = { kind: given.kind, passphrase: given.passphrase, deviceSecret: bytes(given.device_secret) };
    const keys = bundle.unlock(bytes(given.bundle), whose, opening);
    return { seed: hex(keys.seed), secret: hex(keys.secret) };
  },
};

export function bytes(written) {
  const [digits, zeros] = typeof written === "string" ? [written, 0] : written;
  const found = new Uint8Array(digits.length / 2 + zeros);
  for (let at = 0; at < digits.length; at += 2) found[at / 2] = Number.parseInt(digits.slice(at, at + 2), 16);
  return found;
}

export function hex(found) {
  return Array.from(found, (each) => numberOf([each]).toString(16).padStart(2, "0")).join("");
}

function place(given) {
  return {
    network: bytes(given.network), compartment: bytes(given.compartment), record: bytes(given.record),
    version: bytes(given.version),
  };
}

function paper(given) {
  return { ...given, genesis: bytes(given.genesis), head: bytes(given.head), token: bytes(given.token) };
}

function which(given) {
  return { network: bytes(given.network), compartment: bytes(given.compartment), number: given.epoch };
}

function told({ kind, log: id, number, hash }) {
  return { kind, log: hex(id), number, hash: hex(hash) };
}

function shown(value) {
  if (value instanceof Uint8Array) return { hex: hex(value) };
  if (Array.isArray(value)) return value.map(shown);
  if (value instanceof Map) return { map: Object.fromEntries([...value].map(([name, each]) => [name, shown(each)])) };
  return value;
}

function sorted(value) {
  return JSON.stringify(value, (_name, each) =>
    each && typeof each === "object" && !Array.isArray(each) ? Object.fromEntries(Object.entries(each).sort()) : each);
}

if (globalThis.process?.argv[1]?.endsWith("tried.mjs")) {
  const { readFileSync, readdirSync } = await import("node:fs");
  const folder = new URL("../vectors/", import.meta.url);
  const cases = readdirSync(folder).flatMap((each) => JSON.parse(readFileSync(new URL(each, folder), "utf8")));
  const wrong = otherwise(cases);
  for (const each of wrong) console.log(JSON.stringify(each));
  console.log(`${cases.length} cases, ${wrong.length} otherwise`);
  process.exitCode = wrong.length || !cases.length ? 1 : 0;
}
