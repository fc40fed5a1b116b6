// What becomes of a row of statements in the three logs, as the browsers' program tells it; see `told.py`.
import { hex } from "../../server/console/vault/bytes.js";
import { standing } from "../../server/console/vault/circle.js";
import * as directory from "../../server/console/vault/directory.js";
import { Refused } from "../../server/console/vault/failures.js";
import * as log from "../../server/console/vault/log.js";
import * as membership from "../../server/console/vault/membership.js";
import * as records from "../../server/console/vault/records.js";
import { verified } from "../../server/console/vault/statement.js";

const [DIRECTORY, MEMBERSHIP, RECORDS] = [0, 1, 2];

export function told(genesis, compartment, steps, now) {
  const network = verified(genesis, "genesis", new Uint8Array(32)).hash;
  const first = log.entryOf(verified(genesis, "genesis", new Uint8Array(32)), DIRECTORY);
  const [directories, circles, said] = [[directory.founded(first)], [], []];
  let shelf = records.empty(hex(compartment));
  const chains = [first.head.log, compartment, compartment].map((name, kind) => new log.Chain(kind, name));
  chains[DIRECTORY].append(first);
  const at = (states) => (number) => states[number];
  const take = (kind, made) => {
    const entry = log.read(made, kind, network);
    log.requireSeen(entry, chains);
    if (kind === DIRECTORY) directories.push(directory.decided(directories.at(-1), entry));
    else if (kind === RECORDS) {
      const one = records.said(shelf.compartment, entry, circles, at(directories));
      shelf = records.placed(shelf, one, circles, at(directories));
      said.push(one);
    } else {
      const circle = circles.length ? membership.decided(circles.at(-1), entry, at(directories)) : membership.opened(entry, at(directories));
      shelf = records.anew(shelf.compartment, said, [...circles, circle], at(directories));
      circles.push(circle);
    }
    chains[kind].append(entry);
  };
  const outcomes = steps.map(([kind, made]) => {
    try {
      take(kind, made);
      return "ok";
    } catch (error) {
      if (error instanceof Refused) return error.outcome;
      throw error;
    }
  });
  return { outcomes, state: stateOf(directories.at(-1), circles.at(-1), shelf, now) };
}

function stateOf({ agencies, people, proposals, ...network }, circle, shelf, now) {
  const members = [...people].map(([id, each]) => [id, [each.agency, each.role, each.signingKey, each.boxKey]]);
  const state = {
    agencies: Object.fromEntries(agencies), people: Object.fromEntries(members), waiting: [...proposals.keys()].sort(),
  };
  if (circle) {
    Object.assign(state, {
      members: [...standing(circle, { agencies, people, ...network }, now)].sort(),
      leaders: [circle.coordinator, circle.deputy], excluded: [...circle.excluded].sort(), epoch: circle.epoch,
      closed: circle.closed, proposed: [...circle.proposals.keys()].sort(), granted: [...circle.granted].sort(),
    });
    if (circle.held) state.held = true;
    if (circle.keepUntil) state.keep_until = circle.keepUntil;
  }
  if (shelf.versions.size) {
    const quarantined = [...shelf.versions.values()].filter((each) => each.quarantined).map((each) => each.hash);
    Object.assign(state, {
      current: Object.fromEntries([...shelf.current].map(([record, names]) => [record, [...names].sort()])),
      quarantined: quarantined.sort(), erased: [...shelf.erased.keys()].sort(),
    });
  }
  return state;
}
