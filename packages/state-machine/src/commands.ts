/**
 * Commands as bytes.
 */
import { Command } from "@coxswain/protocol";

/** The version of commands that this software writes and understands. */
export const COMMAND_VERSION = 1;

/** The body of a command, tagged by `$case`. */
export type CommandBody = NonNullable<Command["body"]>;

/** The bytes of a command, for a Raft entry. */
export function encodeCommand(command: Command): Uint8Array {
  return Command.encode(command).finish();
}

/** Reads a command. Throws when the bytes are none. */
export function decodeCommand(bytes: Uint8Array): Command {
  return Command.decode(bytes);
}
