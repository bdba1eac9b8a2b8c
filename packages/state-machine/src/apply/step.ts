/**
 * One entry on its way through apply.
 */
import type { Command } from "@coxswain/protocol";
import { crc32c, type Entry } from "@coxswain/raft-core";
import { COMMAND_VERSION, decodeCommand, encodeCommand } from "../commands.ts";
import { UnknownCommandError } from "../errors.ts";
import { requestName } from "../records/kinds.ts";
import type { State } from "../state.ts";
import { commandOf, type AnyCommand } from "./commands.ts";
import type { Reads } from "./context.ts";
import { readOld } from "./requests.ts";

/** A decoded command entry. */
export interface Step {
  readonly entry: Entry;
  readonly command: Command;
  /** What applies it, and what is given to that. */
  readonly applies: AnyCommand;
  readonly body: unknown;
  /** The name under which the request is remembered; empty when it is not. */
  readonly request: string;
}

/** Throws {@link UnknownCommandError} for what this version does not know (G7). */
export function stepOf(entry: Entry): Step {
  const command = decode(entry);
  const { version, body, requestId } = command;
  if (version < 1 || version > COMMAND_VERSION || body === undefined)
    throw unknown(entry, `version ${version}`);
  // The record of a job is what removes duplicates of its submit.
  const request = requestId === "" || body.$case === "submitJobs" ? "" : requestName(requestId);
  return { entry, command, applies: commandOf(body), body: body.value, request };
}

function decode(entry: Entry): Command {
  try {
    return decodeCommand(entry.data);
  } catch (cause) {
    throw unknown(entry, "no command at all", cause);
  }
}

function unknown(entry: Entry, what: string, cause?: unknown): UnknownCommandError {
  return new UnknownCommandError(
    `Entry ${entry.index} holds ${what}, which this version does not know. Upgrade this node, then start it again.`,
    { cause },
  );
}

/** How many things the step touches, roughly: to keep slices of work short. */
export function weightOf({ applies, body }: Step): number {
  return applies.shape === "items" ? Math.max(1, applies.items(body).length) : 4;
}

/** First round of reads: what follows from the command alone. */
export function readFirst(step: Step, reads: Reads): void {
  const { applies, body } = step;
  if (step.request !== "") reads.request(step.request);
  if (applies.shape === "items") for (const item of applies.items(body)) applies.reads(item, reads);
  else if (applies.shape === "whole") applies.reads?.(body, reads);
}

/** Second round of reads: what follows from the state and from the first round. */
export function readSecond(step: Step, state: State, reads: Reads): void {
  const { applies, body } = step;
  if (step.request !== "") readOld(state, reads);
  if (applies.shape === "items" && applies.readsMore !== undefined) {
    for (const item of applies.items(body)) applies.readsMore(item, state, reads);
  } else if (applies.shape === "whole") {
    applies.readsMore?.(body, state, reads);
  }
}

/** Tells a retry from another request with the same id: everything but the time that the leader stamps into each try. */
export function fingerprintOf({ command }: Step): number {
  return crc32c(encodeCommand({ ...command, timeMs: 0 }));
}
