// What the modules of the records' page hand each other, for the type checker alone: no browser asks for it.
import type { Failure } from "../api.js";
import type { Channel, Clock } from "../types.js";
import type { Keys } from "../vault/bundle.js";
import type { Compartment } from "../vault/compartment.js";
import type { Locksmith } from "./locksmith.js";
import type { Memory } from "./memory.js";
import type { EpochKey, Opened } from "./opening.js";
import type { VaultApi } from "./vault_api.js";

export type Stage = "starting" | "signed_out" | "no_keys" | "locked" | "unlocked";

/** Why something was not done: a word of the vault, or what became of a request. */
export type Trouble = { outcome: string; failure: Failure | null };

/** One compartment as it is shown. */
export type Shown = {
  channel: Channel;
  compartment: Compartment;
  epochKey: EpochKey | null;
  opened: ReadonlyMap<string, Opened>;
  /** When its logs were compared with the server, in milliseconds since 1970. */
  at: number;
};

/** What is being written, and in which compartment: `record` is null for a new one. `follows` are the versions that were before one's eyes. */
export type Draft = { compartment: string; record: string | null; kind: string; follows: string[]; text: string };

export type State = {
  stage: Stage;
  language: string;
  /** What is going on, as a word for the screen. */
  busy: "" | "unlocking" | "opening" | "saving" | "removing";
  trouble: Trouble | null;
  channels: readonly Channel[];
  shown: Shown | null;
  /** The record that is open, by its id in hexadecimal. */
  record: string | null;
  draft: Draft | null;
  /** What was done last, for those who do not look. */
  done: "" | "saved" | "locked" | "removed";
};

export type Means = {
  api: VaultApi;
  clock: Clock;
  memory: Memory;
  locksmith: Locksmith;
  random: (length: number) => Uint8Array;
};

/** What there is only while keys are unlocked. */
export type Open = { keys: Keys; person: Uint8Array; network: Uint8Array };
