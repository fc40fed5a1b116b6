// What the console's tests share: a clock that stands until it is moved, a network that answers as it is told, and
// invented alerts.

/** Let everything that waits for nothing but a promise go on. */
export async function settle() {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

export class StandingClock {
  #now = Date.parse("2026-03-02T09:00:00Z");
  #timers = new Map();
  #numbers = 0;

  now = () => this.#now;

  after = (ms, act) => {
    const number = (this.#numbers += 1);
    this.#timers.set(number, { at: this.#now + ms, act });
    return () => this.#timers.delete(number);
  };

  /** Let time pass; whatever falls due happens in its order, and what follows from it before time goes on. */
  async pass(ms) {
    const until = this.#now + ms;
    await settle();
    for (;;) {
      const due = [...this.#timers].filter(([, each]) => each.at <= until).sort(([, one], [, other]) => one.at - other.at)[0];
      if (!due) break;
      const [number, { at, act }] = due;
      this.#timers.delete(number);
      this.#now = Math.max(this.#now, at);
      act();
      await settle();
    }
    this.#now = until;
  }

  /** Let time pass as on a machine that sleeps: its timers sleep too. */
  sleep(ms) {
    this.#now += ms;
    for (const each of this.#timers.values()) each.at += ms;
  }

  /** How many timers are waiting. */
  get waiting() {
    return this.#timers.size;
  }
}

export const answer = (body, { status = 200, type = "application/json", headers = {} } = {}) =>
  new Response(status === 204 ? null : typeof body === "string" ? body : JSON.stringify(body), {
    status,
    headers: { "Content-Type": type, ...headers },
  });

export const problem = (status, detail = "", headers = {}) =>
  answer({ status, detail }, { status, type: "application/problem+json", headers });

/** A network that does not answer until the request is given up. */
export const silence = (signal) =>
  new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));

/** A live stream that the test speaks through. */
export class Line {
  constructor(signal) {
    this.body = new ReadableStream({ start: (controller) => void (this.controller = controller) });
    signal.addEventListener("abort", () => this.#end((controller) => controller.error(signal.reason)), { once: true });
    this.response = new Response(this.body, { headers: { "Content-Type": "text/event-stream" } });
  }

  say(text) {
    this.controller.enqueue(new TextEncoder().encode(text));
  }

  event(name, data, id) {
    this.say(`event: ${name}\n${id === undefined ? "" : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`);
  }

  end() {
    this.#end((controller) => controller.close());
  }

  #end(how) {
    if (this.controller) how(this.controller);
    this.controller = null;
  }
}

export const ANA = "00000000-0000-4000-8000-00000000000a";
export const BORIS = "00000000-0000-4000-8000-00000000000b";
export const SHELTER = "00000000-0000-4000-8000-0000000000a1";
export const POLICE = "00000000-0000-4000-8000-0000000000b1";
export const CHANNEL = { compartment: "00000000-0000-4000-8000-0000000000c1", codename: "quiet-heron" };
export const KEY = "00000000-0000-4000-8000-0000000000d1";

export const recipient = (person, agency, acknowledged_at = null) => ({ person, agency, tier: 1, acknowledged_at });
export const delivery = (target, state, template = "alert_ring", unreached = []) => ({
  target_kind: "person", target, template, state, created_at: "2026-03-02T09:00:00Z", unreached,
  sent_at: state === "sent" ? "2026-03-02T09:00:01Z" : null,
});

export const alert = (changes = {}) => ({
  id: KEY,
  codename: CHANNEL.codename,
  case: "00000000-0000-4000-8000-0000000000c0",
  compartment: CHANNEL.compartment,
  status: "Actual",
  event: "panic",
  severity: "Extreme",
  certainty: "Observed",
  raised_by: ANA,
  raised_through: "api",
  raised_with: null,
  pressed_by: [changes.raised_by ?? ANA],
  sent: "2026-03-02T09:00:00Z",
  state: "open",
  owner: null,
  next_step_at: "2026-03-02T09:02:00Z",
  stood_down_by: null,
  stood_down_at: null,
  stand_down_reason: null,
  agencies: [
    { agency: SHELTER, part: "responder", acknowledged_by: null, acknowledged_at: null },
    { agency: POLICE, part: "responder", acknowledged_by: null, acknowledged_at: null },
  ],
  recipients: [recipient(BORIS, POLICE)],
  deliveries: [delivery(BORIS, "pending")],
  people: { [ANA]: "Ana Primer", [BORIS]: "Boris Primer" },
  ...changes,
});

export const delivered = (changes = {}) => alert({ deliveries: [delivery(BORIS, "sent")], ...changes });
export const accepted = (changes = {}) =>
  delivered({ recipients: [recipient(BORIS, POLICE, "2026-03-02T09:01:00Z")], ...changes });
export const ended = (changes = {}) =>
  accepted({ state: "stood_down", stood_down_by: BORIS, stood_down_at: "2026-03-02T09:00:30Z", ...changes });

export const review = (number, changes = {}) => ({
  id: `review-${number}`, case: `case-${number}`, codename: `case-${number}`, level: "high", owner: ANA,
  opened_at: "2026-02-01T09:00:00Z", due_at: "2026-03-01T09:00:00Z", state: "open", ...changes,
});

export const way = (operation, changes = {}) => ({
  operation, codename: `way-${operation}`, status: "go", begins_at: "2026-03-02T10:00:00Z", decisions: [],
  steps: [{ position: 1, kind: "ready", due_at: "2026-03-02T10:00:00Z", confirmers: [ANA], late: false }], ...changes,
});

export const board = (changes = {}) => ({
  position: 7,
  at: "2026-03-02T09:00:00Z",
  me: { id: BORIS, agency: POLICE, name: "Boris Primer", role: "practitioner", matrix_user: "@boris:streha.localhost" },
  police_number: "192",
  ambulance_number: "194",
  alerts: [],
  reviews: [],
  duty: [],
  channels: [CHANNEL],
  people: { [ANA]: "Ana Primer", [BORIS]: "Boris Primer" },
  agencies: { [SHELTER]: "Shelter Lipa", [POLICE]: "Police Directorate" },
  proven: null,
  proof: null,
  engine_at: "2026-03-02T09:00:00Z",
  bots_at: "2026-03-02T09:00:00Z",
  ...changes,
});
