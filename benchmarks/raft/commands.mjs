/** The commands of a member process: lines of JSON on its standard input, each answered with one; see `cluster.mjs`. */
import { createInterface } from "node:readline";

export function say(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

/** Runs the commands by their names, also side by side, until one is "stop". */
export async function serveCommands(commands) {
  for await (const line of createInterface({ input: process.stdin })) {
    const { call, command, ...input } = JSON.parse(line);
    if (command === "stop") break;
    commands[command](input).then(
      (result) => say({ call, result }),
      (error) => say({ call, error: String(error) }),
    );
  }
}
