/**
 * Bands, floor and counts of assessments, as in `safety_plans/assessments/definition.json`; a test holds one against the
 * other. They are of the program, not of what a server gives: by these it is seen where somebody went round the rules.
 */

/** @type {import("./judging.js").Definition} */
export const DEFINITION = {
  levels: ["low", "medium", "high", "very_high"],
  likelihoods: ["unlikely", "possible", "likely", "imminent"],
  bands: {
    minor: ["low", "low", "medium", "high"],
    moderate: ["low", "medium", "high", "very_high"],
    serious: ["medium", "high", "very_high", "very_high"],
    life_threatening: ["medium", "high", "very_high", "very_high"],
  },
  critical_floor: "high",
  unknowns_that_are_too_many: 5,
};
