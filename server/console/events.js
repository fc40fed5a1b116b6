/** Reads server-sent events from text that comes in pieces, as the HTML standard describes them. */

/** @typedef {{ name: string, id: string, data: string }} StreamEvent */

/**
 * @param {(event: StreamEvent) => void} heard
 * @returns {(piece: string) => void}
 */
export function createReader(heard) {
  let rest = "";
  let event = fresh();

  /** @param {string} line */
  function take(line) {
    if (line === "") {
      if (event.data.length) heard({ name: event.name, id: event.id, data: event.data.join("\n") });
      event = fresh();
      return;
    }
    const [, field, value = ""] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
    if (field === "event") event.name = value;
    if (field === "id") event.id = value;
    if (field === "data") event.data.push(value);
  }

  return (piece) => {
    // A carriage return at the very end may be the first half of a line's end.
    const lines = (rest + piece).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? "";
    lines.forEach(take);
  };
}

/** @returns {{ name: string, id: string, data: string[] }} */
function fresh() {
  return { name: "message", id: "", data: [] };
}
