// The witnesses' process: several strict Matrix clients, told what to do by JSON lines on standard input,
// telling what they see by JSON lines on standard output. Passwords come in on standard input only; nothing
// is logged. It ends when its input ends, so it cannot outlive whoever started it.
//
//   in   {"id": 1, "do": "add", "as": "ana", "homeserver": URL, "user": ID, "password": TEXT, "autojoin": true,
//         "identity_of": "ana at work"}            the same identity on another device; without it, a new identity
//        {"id": 2, "as": "ana", "do": "send", "room": ID, "body": TEXT, "mentions": [ID]}      and so on: client.mjs
//        {"id": 3, "do": "quit"}
//   out  {"type": "done", "id": 1, "result": ...} or {"type": "refused", "id": 1, "error": CODE}
//        {"type": "message" | "failure" | "membership" | "trouble", "as": "ana", "at": MILLISECONDS, ...}
import { createInterface } from "node:readline";

import { logger } from "matrix-js-sdk/lib/logger.js";

import { StrictClient } from "./client.mjs";

const print = process.stdout.write.bind(process.stdout);
const tell = (line) => print(JSON.stringify(line) + "\n");

// Libraries must neither write into the protocol nor write down what people say.
logger.setLevel?.("silent");
for (const name of ["debug", "error", "info", "log", "trace", "warn"]) console[name] = () => {};

/** What may be told about an error: its code or kind, never its text. */
const codeOf = (error) => String(error?.errcode ?? error?.name ?? "unknown");

const clients = new Map();

function named(name) {
  const client = clients.get(name);
  if (!client) throw { errcode: "unknown_witness" };
  return client;
}

async function carryOut(command) {
  if (command.do === "quit") process.exit(0);
  if (command.do === "add") {
    const tellAs = (line) => tell({ as: command.as, at: Date.now(), ...line });
    const elder = command.identity_of === undefined ? undefined : named(command.identity_of);
    const client = await StrictClient.signIn(command, elder, tellAs);
    clients.set(command.as, client);
    return await client.start();
  }
  if (!StrictClient.commands.has(command.do)) throw { errcode: "unknown_command" };
  return await named(command.as)[command.do](command);
}

process.on("unhandledRejection", (error) => tell({ type: "trouble", at: Date.now(), error: codeOf(error) }));

const input = createInterface({ input: process.stdin });
input.on("line", async (line) => {
  const command = JSON.parse(line);
  try {
    tell({ type: "done", id: command.id, result: (await carryOut(command)) ?? null });
  } catch (error) {
    tell({ type: "refused", id: command.id, error: codeOf(error) });
  }
});
input.on("close", () => process.exit(0));
