// Seals something of each kind with the browsers' program, from what the first argument gives in JSON; prints cases for
// the other program to open.
import { newKey } from "../../server/console/vault/aead.js";
import * as bundle from "../../server/console/vault/bundle.js";
import * as content from "../../server/console/vault/content.js";
import * as epoch from "../../server/console/vault/epoch.js";
import * as history from "../../server/console/vault/history.js";
import * as wrap from "../../server/console/vault/wrap.js";
import { bytes, hex } from "./tried.mjs";

const given = JSON.parse(process.argv[2]);
const [key, secret, boxKey, member, text] = ["key", "secret", "box_key", "member", "text"].map((each) => bytes(given[each]));
const place = Object.fromEntries(["network", "compartment", "record", "version"].map((each) => [each, bytes(given[each])]));
const which = { network: place.network, compartment: place.compartment, number: given.epoch };

const sealed = content.seal(key, place, text);
const wrapped = wrap.wrap(wrap.keyForWraps(bytes(given.epoch_key)), given.epoch, place, key);
const fresh = newKey();
const past = [{ version: place.version, key: fresh }, { version: place.record, key }];
const granted = history.grant(past, { ...which, member }, boxKey);
const keys = { seed: key, secret };
const whose = bundle.owner(keys, place.network, member);
const opening = { kind: bundle.PASSKEY, passphrase: "reka  most", deviceSecret: fresh };

console.log(JSON.stringify([
  {
    does: "content.open", gives: { text: given.text },
    given: { content: hex(sealed.content), hash: hex(sealed.hash), promise: hex(sealed.promise) },
  },
  { does: "wrap.unwrap", given: { wrap: hex(wrapped) }, gives: { key: given.key } },
  {
    does: "epoch.accept", gives: { key: hex(fresh) },
    given: { sealed: hex(epoch.grant(which, fresh, member, boxKey)), promise: hex(epoch.promise(which, fresh)) },
  },
  {
    does: "history.accept", given: { sealed: hex(granted) },
    gives: { keys: Object.fromEntries(past.map((each) => [hex(each.version), hex(each.key)])) },
  },
  {
    does: "bundle.unlock", gives: { seed: hex(keys.seed), secret: given.secret },
    given: {
      bundle: hex(bundle.lock(keys, whose, opening)), person: hex(member), signing_key: hex(whose.signingKey),
      box_key: hex(whose.boxKey), kind: bundle.PASSKEY, passphrase: "reka most", device_secret: hex(fresh),
    },
  },
]));
