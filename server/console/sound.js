/**
 * Sounds, made here and of no file: a two-tone call that repeats until it is stopped, a low one that warns that nothing
 * calls here any more, and one soft tone for exercises.
 *
 * Browsers make no sound before somebody has touched the page: until then sound is *blocked*, and whatever should be
 * heard begins as soon as it can.
 */

/** @typedef {"on" | "off" | "blocked"} Sounding */
/** @typedef {ReturnType<typeof createSound>} Sound */

// Seconds, hertz, loudness. The gap at the end belongs to the round.
const CALL = [[0.28, 880, 0.5], [0.28, 622, 0.5], [0.28, 880, 0.5], [0.28, 622, 0.5], [1.1, 0, 0]];
const WARNING = [[0.2, 330, 0.4], [0.12, 0, 0], [0.4, 247, 0.4], [2.2, 0, 0]];
const REMINDER = [...WARNING.slice(0, 3), [59, 0, 0]];
/** What rings and is no alert: a test of duty, low and seldom, and a call for help by telephone, rising. */
export const RINGS = {
  ring: [[0.18, 494, 0.35], [0.1, 0, 0], [0.18, 494, 0.35], [7, 0, 0]],
  call: [[0.2, 523, 0.5], [0.2, 659, 0.5], [0.4, 784, 0.5], [1.6, 0, 0]],
};
const SOFT = [[0.9, 392, 0.12]];
// The lowest rate that every browser knows: enough for these tones, and little memory for a long silence.
const RATE = 8000;
const EDGE_SECONDS = 0.02;

/**
 * @param {object} means
 * @param {() => AudioContext} means.context Makes one; called at the first touch.
 * @param {(sounding: Sounding) => void} means.changed
 * @param {() => void} means.audible Called when a call begins to be heard.
 */
export function createSound({ context, changed, audible }) {
  /** @type {AudioContext | null} */
  let audio = null;
  /** @type {{ tones: number[][], source: AudioBufferSourceNode } | null} */
  let playing = null;
  let wanted = true;
  let calling = false;
  /** @type {number[][] | null} */
  let warning = null;
  /** @type {number[][] | null} */
  let rung = null;

  function state() {
    if (!wanted) return "off";
    return audio?.state === "running" ? "on" : "blocked";
  }

  function update() {
    changed(state());
    const due = !wanted ? null : calling ? CALL : rung ?? warning;
    if (playing && playing.tones !== due) {
      playing.source.stop();
      playing = null;
    }
    if (state() !== "on" || !due || playing || !audio) return;
    playing = { tones: due, source: play(audio, due) };
    playing.source.loop = true;
    if (due === CALL) audible();
  }

  /** @param {boolean} needed */
  function warn(needed) {
    if (needed === (warning !== null)) return;
    warning = needed ? WARNING : null;
    update();
  }

  function begin() {
    if (!audio) {
      audio = context();
      audio.addEventListener("statechange", update);
    }
    void audio.resume().then(update, update);
    update();
  }

  return {
    /** Somebody touched the page: sound is allowed from now on. */
    touched() {
      warn(false);
      if (wanted && state() !== "on") begin();
    },
    /** Switch sound on or off, as the person asked. */
    toggle() {
      warning = null;
      wanted = state() !== "on";
      if (wanted) begin();
      update();
    },
    /** @param {boolean} needed Whether somebody is to be called here. */
    call(needed) {
      if (calling === needed) return;
      calling = needed;
      update();
    },
    /** @param {keyof RINGS | ""} what Which of those is to be heard, where no alert is. */
    ring(what) {
      rung = what ? RINGS[what] : null;
      update();
    },
    /** Whether to warn that nobody can be called here now; whoever touches the page has heard it. */
    warn,
    /** Nobody seems to be there: warn once a minute from now on. */
    warnRarely() {
      if (warning) warning = REMINDER;
      update();
    },
    /** Tell of an exercise. */
    soft() {
      if (state() === "on" && audio) play(audio, SOFT);
    },
  };
}

/** @param {AudioContext} audio @param {number[][]} tones */
function play(audio, tones) {
  const samples = tones.flatMap(([seconds = 0, hertz = 0, loudness = 0]) => {
    const count = Math.round(seconds * RATE);
    const edge = EDGE_SECONDS * RATE;
    return Array.from({ length: count }, (_, index) => {
      const swell = Math.min(1, index / edge, (count - index) / edge);
      return Math.sin((2 * Math.PI * hertz * index) / RATE) * loudness * swell;
    });
  });
  const buffer = audio.createBuffer(1, samples.length, RATE);
  buffer.copyToChannel(Float32Array.from(samples), 0);
  const source = audio.createBufferSource();
  source.buffer = buffer;
  source.connect(audio.destination);
  source.start();
  return source;
}
