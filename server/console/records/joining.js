/**
 * Coming into the network with an invitation on paper (docs/joining.md), as `streha join` does it: first trust is the paper's.
 * Keys are made here and kept locked before anything is offered; an administrator hears their code; and only once the whole
 * directory was held against the paper are they locked for the network, and this browser has keys like any other.
 */
import { Failure } from "../api.js";
import { DEVICE, owner } from "../vault/bundle.js";
import { same } from "../vault/bytes.js";
import { drawn, shown } from "../vault/drawn_passphrase.js";
import { Refused, require } from "../vault/failures.js";
import { read, text as paperText } from "../vault/invitations.js";
import { make } from "../vault/key_offers.js";
import { plain } from "../vault/passphrase.js";
import { newId, uuid } from "./coding.js";
import { matrixUserOf, nameOf, offeredOf, paperOf, requireAsOffered } from "./joining_rules.js";
import { requireNobodyElse, signedIn } from "./signing_in.js";
import { createSyncing } from "./syncing.js";
import { wipe } from "./unlocking.js";

/** @typedef {import("./joining_memory.js").Waiting} Waiting */
/** @typedef {import("../vault/invitations.js").Invitation} Invitation */
/** @typedef {ReturnType<typeof createJoining>} Joining */

const NO_NETWORK = new Uint8Array(32);
/** What says by itself what is wrong; every other refusal of a directory that is read for the first time is one. */
const SAID = ["another-past", "keys-not-named", "another-newcomer", "overtaken", "memory-damaged"];

/**
 * @param {import("./state.js").Means & { origin: string }} means `origin` is this page's; there is no memory where a browser lets nothing be remembered
 * @param {import("./store.js").Store} store
 * @param {import("./keeping.js").Keeping} keeping
 */
export function createJoining({ api, clock, memory, locksmith, random, origin }, store, keeping) {
  /** What was typed on this page and is not kept yet. @type {{ paper: Invitation, agency: Uint8Array, name: string, matrixUser: string, passphrase: string } | null} */
  let begun = null;

  const { doing } = keeping;
  /** @param {import("./state.js").Joining} joining */
  const show = (joining) => store.set({ stage: "joining", joining, trouble: null });

  /** How far it is, where keys were made here before; else from the paper on. */
  const begin = () => doing("opening", async () => {
    if (!memory) throw new Refused("memory-unavailable");
    const waiting = await memory.joining();
    begun = null;
    if (waiting) show(waits(waiting));
    else show({ step: "paper" });
  });

  /** @param {string} typed */
  const open = (typed) => doing("opening", async () => {
    const paper = paperOf(typed, origin);
    await requireNobodyElse(api, "");
    const { network, agency } = await api.openInvitation(paper.token);
    require(same(network, paper.genesis), "another-network-than-paper");
    begun = { paper, agency, name: "", matrixUser: "", passphrase: "" };
    show({ step: "person", role: paper.role });
  });

  /** @param {string} name @param {string} matrixUser */
  const tell = (name, matrixUser) => doing("opening", async () => {
    const { language } = store.get();
    begun = { ...mustHaveBegun(), name: nameOf(name), matrixUser: matrixUserOf(matrixUser), passphrase: drawn(language) };
    show({ step: "passphrase", words: shown(begun.passphrase, language) });
  });

  /** @param {string} passphrase as it was typed from the copy */
  const offer = (passphrase) => doing("locking", async () => {
    const { paper, agency, name, matrixUser, passphrase: words } = mustHaveBegun();
    require(plain(passphrase).split(/\s+/).filter(Boolean).join(" ") === words, "not-as-drawn");
    const keys = { seed: random(32), secret: random(32) };
    const person = newId();
    const whose = owner(keys, NO_NETWORK, person);
    const opening = { kind: DEVICE, passphrase: words, deviceSecret: random(32) };
    const said = { person, agency, name, role: paper.role, matrix_user: matrixUser, box_key: whose.boxKey, at: Math.floor(clock.now() / 1000) };
    const signed = make(keys.seed, paper.genesis, said);
    const bundle = await locksmith.lock(keys, whose, opening);
    // What stands nowhere else is tried before it is offered, with just what was typed.
    wipe(await locksmith.unlock(bundle, whose, { ...opening, passphrase: plain(passphrase) }));
    wipe(keys);
    const waiting = { paper: paperText(paper), offer: signed, bundle, id: newId(), secret: opening.deviceSecret, offered: false };
    await memory.keepJoining(waiting);
    begun = null;
    show(waits(waiting));
    await send(waiting);
  });

  /** Offer what is kept; the same again changes nothing. @param {Waiting} waiting */
  async function send(waiting) {
    await api.offerKeys(read(waiting.paper).token, waiting.offer).catch((error) => {
      throw error instanceof Failure && error.status === 404 && waiting.offered ? new Refused("offer-gone") : error;
    });
    await memory.keepOffered(waiting);
    show(waits({ ...waiting, offered: true }));
  }

  /** Look whether one is attested, and go on from there. @param {string} passphrase */
  const goOn = (passphrase) => doing("unlocking", async () => {
    const waiting = await mustWait();
    const paper = read(waiting.paper);
    const offered = offeredOf(waiting.offer, paper.genesis);
    const { person, box_key: boxKey } = offered.offer;
    await requireNobodyElse(api, uuid(person));
    const opening = { kind: DEVICE, passphrase: plain(passphrase), deviceSecret: waiting.secret };
    const before = { network: NO_NETWORK, person, signingKey: offered.signingKey, boxKey };
    const keys = await locksmith.unlock(waiting.bundle, before, opening).catch((error) => {
      throw error instanceof Refused && error.outcome === "seal-broken" ? new Refused("wrong-passphrase") : error;
    });
    try {
      if (!(await signedIn(api, keys.seed, person, origin))) {
        await send(waiting);
        throw new Refused("not-attested", offered.code);
      }
      await taken(waiting, paper, offered, keys, opening).catch(async (error) => {
        // Nobody is to work on in this browser with what is not the paper's network.
        if (error instanceof Refused) await api.signOut().catch(() => null);
        throw error;
      });
    } finally {
      wipe(keys);
    }
    keeping.anew();
    store.set({ stage: "locked", joining: null, done: "joined" });
  });

  /**
   * @param {Waiting} waiting
   * @param {Invitation} paper
   * @param {import("../vault/key_offers.js").Offered} offered
   * @param {import("../vault/bundle.js").Keys} keys
   * @param {import("../vault/bundle.js").Opening} opening
   */
  async function taken({ id }, paper, offered, keys, opening) {
    const syncing = createSyncing({ api, memory, trusted: paper.genesis, now: clock.now });
    const network = await syncing.syncDirectory((found) => requireAsOffered(found, paper, offered)).catch((error) => {
      if (!(error instanceof Refused) || SAID.includes(error.outcome)) throw error;
      if (error.outcome === "forked") throw new Refused("forked", "directory");
      throw new Refused(error.outcome === "another-network" ? "another-network-than-paper" : "directory-wrong", error.outcome);
    });
    const { person } = offered.offer;
    const secret = random(32);
    const bundle = await locksmith.lock(keys, owner(keys, network.id, person), { ...opening, deviceSecret: secret });
    // Kept there first: this browser has it nowhere else.
    await api.putBundle(id, DEVICE, bundle);
    await memory.keepJoined({ network: network.id, person, bundle: id, secret, handedOver: false });
  }

  function mustHaveBegun() {
    if (!begun) throw new Refused("overtaken");
    return begun;
  }

  async function mustWait() {
    const waiting = await memory.joining();
    if (!waiting) throw new Refused("overtaken");
    return waiting;
  }

  function cancel() {
    begun = null;
    store.set({ stage: "no_keys", joining: null, trouble: null });
  }

  return {
    begin, open, tell, offer, goOn,
    /** Once more, what did not arrive. */
    again: () => doing("linking", async () => send(await mustWait())),
    /** Nothing is kept yet. */
    cancel,
    /** The page is left: what was typed, and a passphrase that is shown, is not there when somebody comes back. */
    leave() {
      const { joining } = store.get();
      if (joining && joining.step !== "waiting") cancel();
    },
    /** Give up what was made and offered. */
    giveUp: () => doing("removing", async () => {
      await memory.forgetJoining();
      store.set({ stage: "no_keys", joining: null });
    }),
  };
}

/** @param {Waiting} waiting @returns {import("./state.js").Joining} */
function waits({ paper, offer, offered }) {
  const { genesis } = read(paper);
  const { code, offer: said } = offeredOf(offer, genesis);
  return { step: "waiting", code, offered, role: said.role };
}
