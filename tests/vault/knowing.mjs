// Who could have known, as the browsers' program tells it; see `knowing.py`.
import { Compartment } from "../../server/console/vault/compartment.js";
import { couldHaveKnown } from "../../server/console/vault/knowing.js";
import { Network } from "../../server/console/vault/network.js";

const [DIRECTORY, MEMBERSHIP] = [0, 1];

export function told(given, bytes) {
  const name = bytes(given.compartment);
  const compartment = new Compartment(new Network(bytes(given.genesis)), name);
  const members = [];
  for (const [kind, made] of given.steps) {
    if (kind === DIRECTORY) compartment.network.take(bytes(made));
    else if (kind === MEMBERSHIP) members.push(compartment.takeMemberEntry(bytes(made)));
    else compartment.takeRecordEntry(bytes(made));
  }
  const grant = ({ member, by, at, versions }) =>
    ({ log: name, member: bytes(member), by: bytes(by), at, versions: versions.map(bytes), grant: new Uint8Array(1) });
  const { until, now, record } = given;
  const asked = { until, now, record, granted: given.granted.map(grant), stated: given.stated.map(grant) };
  return { knowers: couldHaveKnown(compartment, members, asked).map(shown) };
}

function shown({ person, stays, epochs, versions, byHistory, stated }) {
  return {
    person, stays: stays.map((each) => [each.number, each.at, each.endedNumber, each.endedAt]), epochs,
    versions: Object.fromEntries(versions), by_history: [...byHistory].sort(), stated: stated.length,
  };
}
