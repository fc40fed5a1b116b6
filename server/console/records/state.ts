// What the modules of the records' page hand each other, for the type checker alone: no browser asks for it.
import type { Failure } from "../api.js";
import type { Channel, Clock } from "../types.js";
import type { Keys } from "../vault/bundle.js";
import type { Compartment } from "../vault/compartment.js";
import type { Pairing } from "./handover.js";
import type { Locksmith } from "./locksmith.js";
import type { Memory } from "./memory.js";
import type { EpochKey } from "./epochs.js";
import type { Opened } from "./opening.js";
import type { VaultApi } from "./vault_api.js";

export type Stage = "starting" | "signed_out" | "no_keys" | "joining" | "locked" | "unlocked";

/** How far a newcomer is: what is asked next, and what it is asked about. */
export type Joining =
  | { step: "paper" }
  | { step: "person"; role: string }
  | { step: "passphrase"; words: string }
  | { step: "waiting"; role: string; code: string; offered: boolean };

/** Why something was not done: a word of the vault and whose it is about, or what became of a request. */
export type Trouble = { outcome: string; failure: Failure | null; about?: string };

/** One compartment as it is shown. */
export type Shown = {
  channel: Channel;
  compartment: Compartment;
  epochKey: EpochKey | null;
  opened: ReadonlyMap<string, Opened>;
  /** When its logs were compared with the server, in milliseconds since 1970. */
  at: number;
};

/** An entry that was signed for a draft and sent: its hash, the text that it holds, and which place it would take in the log. */
export type Sent = { hash: string; text: string; number: number };

/**
 * What is being written, in which compartment, as which version of which record (ids and hashes in hexadecimal). `follows` are
 * the versions that were before its author's eyes; none for a new record. `sent` is what may stand in the log already.
 */
export type Draft = {
  id: string;
  compartment: string;
  record: string;
  version: string;
  kind: string;
  follows: string[];
  /** Versions that its author has read and leaves standing, where one follows as many as one can. */
  beside?: string[];
  text: string;
  sent: Sent[];
};

/** What its author decided about versions that came meanwhile: which they were shown, and whether this one takes the place of all. */
export type Decision = { seen: readonly string[]; replaces: boolean };

/** A link that was opened: who is signed in, whose keys are kept here and under what name; without a code nobody is to be signed in by it. */
export type Offer = { code: string; pairing: Pairing | null; me: { id: string; name: string } | null; kept: Pairing | null; whose: string };

export type State = {
  stage: Stage;
  language: string;
  /** What is going on, as a word for the screen. */
  busy: "" | "linking" | "locking" | "unlocking" | "opening" | "saving" | "removing" | "binding" | "making";
  trouble: Trouble | null;
  offer: Offer | null;
  joining: Joining | null;
  /** A link whose taking up broke off, to be tried again. */
  link: string;
  channels: readonly Channel[];
  shown: Shown | null;
  /** The record that is open, by its id in hexadecimal. */
  record: string | null;
  draft: Draft | null;
  /** Other texts that were begun. */
  aside: readonly Draft[];
  /** The last text that was given to this browser's memory while it was written, and whether it was taken. */
  laid: { id: string; text: string; done: boolean } | null;
  /** How many texts this browser keeps sealed. */
  kept: number;
  /** What was done last, for those who do not look. */
  done: "" | "saved" | "locked" | "removed" | "bound" | "made" | "settled" | "joined";
};

export type Means = {
  api: VaultApi;
  clock: Clock;
  memory: Memory;
  locksmith: Locksmith;
  random: (length: number) => Uint8Array;
};

/** What there is only while keys are unlocked. */
export type Open = { keys: Keys; person: Uint8Array; network: Uint8Array; own: { signingKey: string; boxKey: string } };
