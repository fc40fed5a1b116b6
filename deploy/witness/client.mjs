// One strict Matrix client: it cross-signs itself, sends keys only to devices that their owners have signed,
// and shows only what comes from such devices. It tells what it sees; what is expected is others' matter.
import * as sdk from "matrix-js-sdk";
import {
  EventShieldColour,
  EventShieldReason,
  OnlySignedDevicesIsolationMode,
} from "matrix-js-sdk/lib/crypto-api/index.js";

const INITIAL_EVENTS = 50;
const LOOK_AGAIN_MILLISECONDS = 50;
// What a homeserver left out of an answer is asked for in pages of so many events, and again when it did not answer.
const PAGE_EVENTS = 100;
const ASK_AGAIN_MILLISECONDS = 500;

const silent = { trace() {}, debug() {}, info() {}, warn() {}, error() {}, getChild: () => silent };

export class StrictClient {
  /** What a client can be told to do, besides being added. */
  static commands = new Set([
    "accept",
    "create",
    "discard",
    "fingerprint",
    "invite",
    "join",
    "leave",
    "logout",
    "meet",
    "members",
    "react",
    "reset",
    "send",
    "state",
    "timeline",
  ]);

  #client;
  #tell;
  #autojoin;
  #authorise;
  #elder;
  // A room's present timeline, by the room's id; and what stood before one where an answer left something out.
  #present = new Map();
  #before = new Map();
  // What was told already: where a gap is closed, the ends of both sides are given out once more.
  #told = new Set();

  constructor(client, tell, autojoin, authorise, elder) {
    this.#client = client;
    this.#tell = tell;
    this.#autojoin = autojoin;
    this.#authorise = authorise;
    this.#elder = elder;
  }

  /** Sign in on a new device, which takes the identity of an elder one, or gives the account a new one. */
  static async signIn({ homeserver, user, password, autojoin = true }, elder, tell) {
    const identifier = { type: "m.id.user", user };
    const entrance = sdk.createClient({ baseUrl: homeserver, logger: silent });
    const session = await entrance.loginRequest({ type: "m.login.password", identifier, password });
    const client = sdk.createClient({
      baseUrl: homeserver,
      userId: session.user_id,
      deviceId: session.device_id,
      accessToken: session.access_token,
      disableVoip: true,
      logger: silent,
    });
    await client.initRustCrypto({ useIndexedDB: false });
    const authorise = async (upload) => {
      try {
        return await upload(null);
      } catch (error) {
        // Only an account that had an identity before is asked for its password.
        return await upload({ type: "m.login.password", identifier, password, session: error.data?.session });
      }
    };
    const strict = new StrictClient(client, tell, autojoin, authorise, elder);
    if (elder) await client.getCrypto().importSecretsBundle(await elder.#client.getCrypto().exportSecretsBundle());
    else await strict.reset();
    client.getCrypto().setDeviceIsolationMode(new OnlySignedDevicesIsolationMode());
    return strict;
  }

  /** Begin to listen; returns when everything that was there already has been taken in. */
  async start() {
    const client = this.#client;
    client.on("RoomMember.membership", (event, member) => this.#onMembership(event, member));
    client.on("Event.decrypted", (event) => this.#onDecrypted(event));
    client.on("Room.timeline", (event, room) => this.#onTimeline(event, room));
    client.on("Room.timelineReset", (room, timelines) => {
      if (timelines === room?.getUnfilteredTimelineSet()) this.#closeGap(room.roomId, timelines.getLiveTimeline());
    });
    const ready = new Promise((resolve) => {
      client.on("sync", (state) => {
        if (state === "PREPARED") resolve();
        if (state === "ERROR") this.#tell({ type: "trouble", error: "sync" });
      });
    });
    await client.startClient({ initialSyncLimit: INITIAL_EVENTS, disablePresence: true });
    await ready;
    if (this.#elder) await this.#signOwnDevice();
    return client.getDeviceId();
  }

  /** Give the account another cross-signing identity, as after everything was lost; this device is signed by it. */
  async reset() {
    await this.#client
      .getCrypto()
      .bootstrapCrossSigning({ setupNewCrossSigning: true, authUploadDeviceSigningKeys: this.#authorise });
  }

  /** Learn whose devices somebody's are without a word: what came from a device before, a strict client would refuse. */
  async meet({ user }) {
    const devices = await this.#client.getCrypto().getUserDeviceInfo([user], true);
    return devices.get(user)?.size ?? 0;
  }

  /** This device's own Ed25519 key, which clients show as the "session key". */
  async fingerprint() {
    return (await this.#client.getCrypto().getOwnDeviceKeys()).ed25519;
  }

  /** Accept that somebody has another identity now, as a person does who was told of it in another way. */
  async accept({ user }) {
    await this.#client.getCrypto().pinCurrentUserIdentity(user);
  }

  /** Give the device up: the homeserver forgets it. */
  async logout() {
    await this.#client.logout(true);
  }

  async create({ name, invite = [] }) {
    const encryption = { type: "m.room.encryption", state_key: "", content: { algorithm: "m.megolm.v1.aes-sha2" } };
    const options = { name, invite, preset: "private_chat", initial_state: [encryption] };
    return (await this.#client.createRoom(options)).room_id;
  }

  async invite({ room, user }) {
    await this.#client.invite(room, user);
  }

  async join({ room }) {
    await this.#client.joinRoom(room);
  }

  async leave({ room }) {
    await this.#client.leave(room);
  }

  /** The members that this client would share keys with: those it knows to have joined. */
  members({ room }) {
    return (this.#client.getRoom(room)?.getJoinedMembers() ?? []).map((member) => member.userId);
  }

  async send({ room, body, mentions = [] }) {
    const content = { msgtype: "m.text", body, "m.mentions": mentions.length ? { user_ids: mentions } : {} };
    return (await this.#client.sendEvent(room, "m.room.message", content)).event_id;
  }

  async react({ room, event, key }) {
    const relation = { rel_type: "m.annotation", event_id: event, key };
    return (await this.#client.sendEvent(room, "m.reaction", { "m.relates_to": relation })).event_id;
  }

  /** Speak with a new key from the next message on. */
  async discard({ room }) {
    await this.#client.getCrypto().forceDiscardSession(room);
  }

  /** A room's setting as this client knows it, or null. */
  state({ room, type, key = "" }) {
    return this.#client.getRoom(room)?.currentState.getStateEvents(type, key)?.getContent() ?? null;
  }

  /** The ids of a room's events in the room's order, oldest first, of all that this client has been told. */
  timeline({ room }) {
    const timelines = [];
    for (let each = this.#present.get(room); each; each = this.#before.get(each)) timelines.unshift(each);
    return [...new Set(timelines.flatMap(idsOf))];
  }

  /** Sign this device with the identity taken from an elder one, once the homeserver knows the device. */
  async #signOwnDevice() {
    const [client, user, device] = [this.#client, this.#client.getUserId(), this.#client.getDeviceId()];
    const published = async () => (await client.downloadKeysForUsers([user])).device_keys[user]?.[device];
    while (!(await published())) await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MILLISECONDS));
    await client.getCrypto().crossSignDevice(device);
  }

  /**
   * Ask for what stands before a room's new timeline until it meets what was there before: an answer of the homeserver
   * holds only so many of a room's newest events. Each is read as it comes, later than the newer ones. What was said at
   * the same moment may stand on both sides, so that only an oldest event that is known ends it.
   */
  async #closeGap(room, timeline) {
    const [client, backwards, before] = [this.#client, sdk.Direction.Backward, this.#present.get(room)];
    this.#present.set(room, timeline);
    // Whoever has only now come in has missed nothing.
    if (!before) return;
    this.#before.set(timeline, before);
    const known = new Set(idsOf(before));
    while (timeline.getPaginationToken(backwards) && !known.has(idsOf(timeline)[0])) {
      try {
        await client.paginateEventTimeline(timeline, { backwards: true, limit: PAGE_EVENTS });
      } catch (error) {
        // One that was signed out is told nothing any more.
        if (!client.clientRunning) return;
        this.#tell({ type: "trouble", room, error: error?.errcode ?? "gap" });
        await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MILLISECONDS));
      }
    }
  }

  async #onMembership(event, member) {
    const { roomId: room, userId: user, membership } = member;
    const own = user === this.#client.getUserId();
    this.#tell({ type: "membership", room, user, by: event.getSender(), membership });
    if (!own || membership !== "invite" || !this.#autojoin) return;
    try {
      await this.#client.joinRoom(room);
    } catch (error) {
      this.#tell({ type: "trouble", room, error: error?.errcode ?? "join" });
    }
  }

  async #onDecrypted(event) {
    const at = Date.now();
    const seen = { room: event.getRoomId(), sender: event.getSender(), event: event.getId(), at };
    if (event.isDecryptionFailure()) {
      this.#tell({ type: "failure", reason: event.decryptionFailureReason, ...seen });
      return;
    }
    if (!this.#isNew(event)) return;
    const crypto = this.#client.getCrypto();
    const shield = await crypto.getEncryptionInfoForEvent(event);
    const identity = await crypto.getUserVerificationStatus(event.getSender());
    this.#tell({
      type: "message",
      encrypted: true,
      shield: nameIn(EventShieldColour, shield?.shieldColour),
      shield_reason: nameIn(EventShieldReason, shield?.shieldReason),
      identity_changed: identity.needsUserApproval,
      ...contentOf(event),
      ...seen,
    });
  }

  /** Whether an event is told for the first time, which it is from now on. */
  #isNew(event) {
    const known = this.#told.has(event.getId());
    this.#told.add(event.getId());
    return !known;
  }

  /** Tell what was never encrypted: reactions, and messages that should have been. */
  #onTimeline(event, room) {
    if (room && !this.#present.has(room.roomId)) this.#present.set(room.roomId, room.getLiveTimeline());
    if (event.isEncrypted() || event.isState() || event.status !== null || !this.#isNew(event)) return;
    const seen = { room: event.getRoomId(), sender: event.getSender(), event: event.getId() };
    this.#tell({ type: "message", encrypted: false, ...contentOf(event), ...seen });
  }
}

const idsOf = (timeline) => timeline.getEvents().map((event) => event.getId());

function contentOf(event) {
  const content = event.getOriginalContent();
  return {
    event_type: event.getType(),
    body: content.body ?? "",
    msgtype: content.msgtype ?? null,
    formatted_body: content.formatted_body ?? null,
    mentions: content["m.mentions"]?.user_ids ?? [],
    relation: content["m.relates_to"]?.rel_type ?? null,
    related_event: content["m.relates_to"]?.event_id ?? null,
    key: content["m.relates_to"]?.key ?? null,
  };
}

const nameIn = (names, value) => (value == null ? null : String(names[value]).toLowerCase());
