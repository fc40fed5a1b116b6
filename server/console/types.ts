// What the console's modules hand each other, for the type checker alone: no browser asks for it. What the API answers
// is described once, in its OpenAPI document; these are the parts of it that the console reads.
import type { Known } from "./alert_facts.js";
import type { Api, Failure } from "./api.js";
import type { Knowledge } from "./knowledge.js";
import type { Raises } from "./raises.js";
import type { Session } from "./session.js";
import type { Sound, Sounding } from "./sound.js";
import type { Store } from "./store.js";

export type Status = "Actual" | "Exercise";
export type AlertState = "open" | "accepted" | "unanswered" | "stood_down";
export type Reason = "safe" | "false_alarm" | "drill_over" | "handed_over";
export type Names = Readonly<Record<string, string>>;

export type AgencyInAlert = {
  agency: string;
  part: string;
  acknowledged_by: string | null;
  acknowledged_at: string | null;
};

export type Recipient = {
  person: string;
  agency: string;
  tier: number;
  acknowledged_at: string | null;
  by_telephone: boolean;
};

export type Delivery = {
  target_kind: string;
  target: string;
  template: string;
  state: string;
  sent_at: string | null;
  unreached: string[];
};

export type EmergencyCall = {
  service: "police" | "ambulance";
  said_by: string;
  called: boolean;
  called_by: string | null;
  called_at: string | null;
};

export type DeskCard = { desk: string; agency: string; state: "sealed" | "old" | "missing" };

export type Police = "called" | "not_called" | "unknown" | "asked" | "unanswered";

export type Alert = {
  id: string;
  codename: string;
  compartment: string;
  status: Status;
  event: string;
  instruction: string | null;
  severity: string;
  raised_by: string | null;
  raised_through: string;
  raised_with: { device: string; agency: string } | null;
  claimed_by: string | null;
  pressed_by: string[];
  sent: string;
  state: AlertState;
  next_step_at: string | null;
  paused_until: string | null;
  stood_down_by: string | null;
  stood_down_at: string | null;
  stand_down_reason: string | null;
  agencies: AgencyInAlert[];
  recipients: Recipient[];
  deliveries: Delivery[];
  emergency_calls: EmergencyCall[];
  police: Police | null;
  cards: DeskCard[];
  people: Names;
};

export type Review = { id: string; codename: string; level: string; owner: string; due_at: string };

/** The test ring of a shift: answered by whoever has it, or stands in, and is on duty then. */
export type DutyRing = { answered_by: string | null; answered_at: string | null };

export type Duty = {
  desk: string;
  agency: string;
  always_staffed: boolean;
  covered_by: string | null;
  officers: string[];
  on_duty: string[];
  next_gap: { begins_at: string; ends_at: string } | null;
  rings: DutyRing[];
};

export type Channel = { compartment: string; codename: string };
export type Proof = {
  proven_at: string | null;
  took_seconds: number | null;
  waiting_since: string | null;
  failing: boolean;
};
export type Proven = { status: Status; called_at: string; accepted_at: string };
export type Me = { id: string; agency: string; name: string };

/** A test ring that waits for this person. */
export type WaitingRing = {
  id: string;
  desk: string;
  person: string | null;
  shift_begins_at: string;
  shift_ends_at: string;
  state: string;
};

/** A call for help by telephone, of no known case, that waits for somebody or was taken by this person. */
export type DeskCall = {
  id: string;
  person: string | null;
  agencies: string[];
  began_at: string;
  times: number;
  taken_at: string | null;
};

/** What rings this person and is no alert. */
export type Rung = { rings: WaitingRing[]; calls: DeskCall[] };

/** What of the board is neither an alert nor a review. */
export type Facts = {
  at: string;
  me: Me;
  police_number: string;
  ambulance_number: string;
  duty: Duty[];
  /** Servers from before do not say. */
  rung?: Rung;
  people: Names;
  agencies: Names;
  proven: Proven | null;
  proof: Proof | null;
  engine_at: string | null;
  bots_at: string | null;
  held_since: string | null;
};

export type Board = Facts & { position: number; alerts: Alert[]; reviews: Review[]; channels: Channel[] };

/** What raising an alert needs. */
export type Calling = { channels: Channel[]; police: string; ambulance: string };

/** Where the panic button calls, and whether what was chosen before is there no more: its codename may be forbidden now. */
export type Chosen = { channel: Channel | null; gone: boolean };

/** Asks the API: method, path, what the answer must hold, body. */
export type Ask = Api["ask"];

/** Times are texts; `credential` is in base64. */
export type Passkey = {
  id: string;
  number: string;
  credential: string;
  synced: boolean;
  added_at: string;
  used_at: string | null;
};
export type Passkeys = { passkeys: Passkey[]; signed_in_with: string | null };

/** What views act through. */
export type Console = {
  store: Store;
  session: Session;
  knowledge: Knowledge;
  raises: Raises;
  sound: Sound;
  clock: Clock;
  ask: Ask;
  /** Speaks a language, where its words can be had. */
  speak: (language: string) => Promise<boolean>;
};

/** What was told already of alerts. */
export type Heard = {
  /** Every open alert that was told of. */
  known: ReadonlySet<string>;
  /** Those that call this person, silenced or not, and how many calls were made. */
  calling: ReadonlyMap<string, number>;
  silenced: ReadonlySet<string>;
};

/** What it needs to follow the live stream. */
export type FollowMeans = {
  fetch: typeof globalThis.fetch;
  clock: Clock;
  /** From 0 to 1. */
  random: () => number;
  /** The position of what is known already. */
  after: number;
  /**
   * Gets every event. One that makes no sense comes as a reset, and so does a position that is not taken: then nothing
   * is followed before a new one is told (`from`).
   */
  heard: (name: string, data: any) => void;
  changed: (live: Live) => void;
  /** Nobody is signed in any more. */
  refused: () => void;
};

/** What it needs to stay with a raise. */
export type RaiseMeans = {
  clock: Clock;
  /** `what` happens: an event, or "missing_child"; nothing for panic. */
  raise: (key: string, compartment: string, status: Status, what?: string) => Promise<Alert>;
  look: (id: string) => Promise<Alert>;
  standDown: (id: string, reason: Reason) => Promise<Alert>;
  changed: (progress: Progress) => void;
};

/** How far one raise came. */
export type Progress = {
  key: string;
  channel: Channel;
  status: Status;
  known: "raising" | "not_raised" | "out_of_sight" | Known;
  /** The last that was seen. */
  alert: Alert | null;
  /** Why there is no newer one. */
  failure: Failure | null;
  /** Whether the first answer takes so long that the raiser should not wait for it. */
  slow: boolean;
  stop: "" | "asked" | "passed_on" | "never_stored";
  /** Why the last stop was refused; nothing has stopped then. */
  refusal: Failure | null;
};

export type OperationStep = {
  position: number;
  kind: string;
  planned_at: string | null;
  due_at: string | null;
  confirmers: string[];
  confirmed_at: string | null;
  confirmed_by: string | null;
  heard_from: string | null;
  written_at: string | null;
  passed: boolean;
  late: boolean;
  /** Of an exercise, how long after it was due the answer came, where somebody was asked. */
  answered_seconds: number | null;
};

export type Operation = {
  operation: string;
  codename: string;
  case: string;
  compartment: string;
  circle: string;
  status: string;
  coordinator: string;
  buddy: string;
  liaison: string | null;
  receiver: string | null;
  handed_over: string | null;
  drill: boolean;
  begins_at: string;
  ends_at: string;
  dark_until: string | null;
  /** Whether this person leads the day or its case. */
  leads: boolean;
  /** What this person may decide of it as it stands. */
  decisions: string[];
  /** Whether they may put another plan in its place. */
  plans_anew: boolean;
  steps: OperationStep[];
};

/** One time line of a case: what is expected, the first first; what has happened, the last first. */
export type Expected = { at: string; about: string; codename: string; drill: boolean; step: string | null; late: boolean };
export type Happened = {
  entry: number;
  at: string;
  what: string;
  codename: string;
  drill: boolean;
  by: string | null;
  step: string | null;
  written_at: string | null;
  why: string | null;
};
export type Timeline = { expected: Expected[]; happened: Happened[]; more: number | null };

/** What is missing, of whom if of anybody; over what is hard nobody goes without a reason. */
export type Missing = { what: string; people: string[]; hard: boolean };
export type Readiness = { missing: Missing[]; exposed: number };

export type Operations = { operations: Operation[] };

export type SafeCall = {
  safe_call: string;
  codename: string;
  listeners: string[];
  buddy: string;
  due_at: string | null;
  heard_at: string | null;
  heard_by: string | null;
  late: boolean;
  /** Whether this person may call it off. */
  ends: boolean;
};

/** A case as far as this person may know it: its circles, and who is in them. */
export type Circle = { id: string; codename: string; closed_at: string | null; members: string[] };
export type Cases = { cases: { compartments: Circle[] }[] };

export type SafeCalls = { safe_calls: SafeCall[] };

/** Ways: nothing is known before they were listed once; for each, the number of the request that told of it. */
export type Ways = {
  known: readonly Operation[] | null;
  asOf: Readonly<Record<string, number>>;
  /** The number of the last list that was the whole truth. */
  anewAt: number;
};

export type Clock = {
  /** Milliseconds since 1970. */
  now: () => number;
  /** Acts once, later; returns what calls that off. */
  after: (ms: number, act: () => void) => () => void;
};

export type Liveness = "connecting" | "live" | "lost" | "crowded";
export type Live = { state: Liveness; since: number };
export type Said = { text: string; number: number };

/** Everything the views show. */
export type State = {
  session: "starting" | "signed_out" | "signed_in";
  /** Why nobody is signed in. */
  why: "" | "none" | "used" | "ended" | "left";
  /** Why the board could not be loaded at first, or why the server says that nobody is signed in. */
  failure: Failure | null;
  /** Whether a link was opened here that is not used unasked. */
  offered: boolean;
  facts: Facts | null;
  calling: Calling;
  chosen: Chosen;
  alerts: readonly Alert[];
  reviews: readonly Review[];
  ways: Ways;
  safeCalls: readonly SafeCall[] | null;
  /** For each alert, the number of the request that told of it. */
  asOf: Readonly<Record<string, number>>;
  /** The number of the last board that was the whole truth: what was asked earlier brings back nothing. */
  anewAt: number;
  live: Live;
  /** When Streha last said anything. */
  heardAt: number;
  /** Whether something changed and could not be fetched yet. */
  behind: boolean;
  raises: readonly Progress[];
  /** Alerts that do not sound here any more. */
  silenced: ReadonlySet<string>;
  ringing: boolean;
  sound: Sounding;
  screen: "board" | "device" | "drill" | "other" | "ways";
  language: string;
  polite: Said;
  urgent: Said;
};
