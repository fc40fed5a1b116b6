/** What can be decided about who is in a compartment, as in `cases/trust/deeds.py`. */
import { bytes, flag, id, key, listOf, moment, whole } from "./deeds.js";

const people = listOf(id, 0, 200);

export const DEEDS = {
  open: { case: id, sensitive: flag, coordinator: id, deputy: id, members: people, ends_at: moment },
  add: { person: id },
  propose: { person: id, until: moment },
  approve: { proposal: key },
  withdraw: { proposal: key },
  "add-in-emergency": { person: id, until: moment },
  remove: { person: id },
  exclude: { person: id, reason: bytes(0, 4096) },
  readmit: { person: id },
  lead: { coordinator: id, deputy: id },
  succeed: { deputy: id, until: moment },
  "begin-epoch": { number: whole(1), promise: key, members: people },
  hold: {},
  release: { until: moment },
  keep: { until: moment },
  close: {},
};
