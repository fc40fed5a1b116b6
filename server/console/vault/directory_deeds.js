/** What can be decided in the directory, as in `agencies/trust/deeds.py`. */
import { bytes, id, key, listOf, mapOf, moment, oneOf, text } from "./deeds.js";

const KINDS = oneOf(
  "police", "prosecution", "court_support", "social_welfare", "victims_centre", "shelter", "ngo", "health", "school",
);
const ATTESTED = {
  person: id, agency: id, name: text(1, 200), role: oneOf("practitioner", "security_officer", "administrator"),
  signing_key: key, box_key: key, matrix_user: text(0, 255), matrix_master: bytes(0, 32),
};
const AGENCY = { agency: id, name: text(1, 200), kind: KINDS, people: listOf(mapOf(ATTESTED), 1, 20) };
export const DEEDS = {
  found: { name: text(1, 200), agencies: listOf(mapOf(AGENCY), 1, 20) },
  join: { ...AGENCY, until: moment },
  attest: { ...ATTESTED, until: moment },
  rekey: { person: id, signing_key: key, box_key: key, until: moment },
  revoke: { person: id },
  suspend: { agency: id, until: moment },
  approve: { proposal: key },
  withdraw: { proposal: key },
};
