/**
 * The members of the cluster, as config entries carry them.
 */
import { decodeConfiguration, type Configuration, type Entry } from "@coxswain/raft-core";
import { UnknownCommandError } from "./errors.ts";

/** Throws {@link UnknownCommandError} for an entry that carries none. */
export function readConfiguration(entry: Entry): Configuration {
  try {
    return decodeConfiguration(entry.data);
  } catch (cause) {
    throw new UnknownCommandError(
      `Entry ${entry.index} holds no configuration that this version knows. Upgrade this node, then start it again.`,
      { cause },
    );
  }
}
