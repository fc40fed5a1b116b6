/**
 * What the console's modules hand each other, for the type checker alone: nothing here runs. What the API answers is
 * described once, in its OpenAPI document; these are the parts of it that the console reads.
 *
 * @typedef {"Actual" | "Exercise"} Status
 * @typedef {"open" | "accepted" | "unanswered" | "stood_down"} AlertState
 * @typedef {"safe" | "false_alarm" | "drill_over" | "handed_over"} Reason
 * @typedef {Readonly<Record<string, string>>} Names
 *
 * @typedef {object} AgencyInAlert
 * @property {string} agency
 * @property {string} part
 * @property {string | null} acknowledged_by
 * @property {string | null} acknowledged_at
 *
 * @typedef {object} Recipient
 * @property {string} person
 * @property {string} agency
 * @property {number} tier
 * @property {string | null} acknowledged_at
 *
 * @typedef {object} Delivery
 * @property {string} target_kind
 * @property {string} target
 * @property {string} template
 * @property {string} state
 * @property {string | null} sent_at
 * @property {string[]} unreached
 *
 * @typedef {object} Alert
 * @property {string} id
 * @property {string} codename
 * @property {string} compartment
 * @property {Status} status
 * @property {string} event
 * @property {string} severity
 * @property {string | null} raised_by
 * @property {string} raised_through
 * @property {string[]} pressed_by
 * @property {string} sent
 * @property {AlertState} state
 * @property {string | null} next_step_at
 * @property {string | null} paused_until
 * @property {string | null} stood_down_by
 * @property {string | null} stood_down_at
 * @property {string | null} stand_down_reason
 * @property {AgencyInAlert[]} agencies
 * @property {Recipient[]} recipients
 * @property {Delivery[]} deliveries
 * @property {Names} people
 *
 * @typedef {object} Review
 * @property {string} id
 * @property {string} codename
 * @property {string} level
 * @property {string} owner
 * @property {string} due_at
 *
 * @typedef {object} Duty
 * @property {string} desk
 * @property {string} agency
 * @property {boolean} always_staffed
 * @property {string | null} covered_by
 * @property {string[]} officers
 *
 * @typedef {object} Channel
 * @property {string} compartment
 * @property {string} codename
 *
 * @typedef {{ status: Status, called_at: string, accepted_at: string }} Proven
 * @typedef {{ id: string, agency: string, name: string }} Me
 *
 * @typedef {object} Facts What of the board is neither an alert nor a review.
 * @property {string} at
 * @property {Me} me
 * @property {string} police_number
 * @property {string} ambulance_number
 * @property {Duty[]} duty
 * @property {Names} people
 * @property {Names} agencies
 * @property {Proven | null} proven
 * @property {string | null} engine_at
 * @property {string | null} bots_at
 *
 * @typedef {{ channels: Channel[], police: string, ambulance: string }} Calling What raising an alert needs.
 *
 * @typedef {{ channel: Channel | null, gone: boolean }} Chosen Where the panic button calls, and whether what
 *   was chosen before is there no more. Its codename is not kept: it may be forbidden now.
 *
 * @typedef {Facts & { position: number, alerts: Alert[], reviews: Review[], channels: Channel[] }} Board
 *
 * @typedef {object} Clock
 * @property {() => number} now Milliseconds since 1970.
 * @property {(ms: number, act: () => void) => () => void} after Acts once, later; returns what calls that off.
 *
 * @typedef {"connecting" | "live" | "lost" | "crowded"} Liveness
 * @typedef {{ state: Liveness, since: number }} Live
 *
 * @typedef {object} State Everything the views show.
 * @property {"starting" | "signed_out" | "signed_in"} session
 * @property {"" | "none" | "used" | "ended" | "left"} why Why nobody is signed in.
 * @property {import("./api.js").Failure | null} failure Why the board could not be loaded at first.
 * @property {boolean} offered Whether a link was opened here although somebody is signed in.
 * @property {Facts | null} facts
 * @property {Calling} calling
 * @property {Chosen} chosen
 * @property {readonly Alert[]} alerts
 * @property {readonly Review[]} reviews
 * @property {Readonly<Record<string, number>>} asOf For each alert, the number of the request that told of it.
 * @property {Live} live
 * @property {number} heardAt When Streha last said anything.
 * @property {boolean} behind Whether something changed and could not be fetched yet.
 * @property {readonly import("./panic.js").Progress[]} raises
 * @property {ReadonlySet<string>} silenced Alerts that do not sound here any more.
 * @property {boolean} ringing
 * @property {import("./sound.js").Sounding} sound
 * @property {"board" | "drill"} screen
 * @property {string} language
 * @property {Said} polite
 * @property {Said} urgent
 *
 * @typedef {{ text: string, number: number }} Said
 */
export {};
