import type { LogStorage, StateMachine } from "../contracts.ts";
import { decodeConfiguration } from "../core/configuration.ts";
import type { Configuration, HardState, NodeId, PersistedState, SnapshotMeta } from "../types.ts";
import { NO_NODE } from "../types.ts";
import { FeatureLevelError, StateBehindLogError } from "./errors.ts";

export interface RestartParts {
  readonly id: NodeId;
  readonly storage: LogStorage;
  readonly stateMachine: StateMachine<unknown>;
  readonly bootstrap: Configuration;
  readonly featureLevel: number;
}

/**
 * Loads the log and makes it fit the state (G18). What a crash can leave is put right. A state that is lost, so that
 * it ends before the log begins (G17), is left for a leader to replace, and refused where no other node votes.
 * Throws {@link FeatureLevelError}, {@link StateBehindLogError}, and what the storage throws.
 */
export async function loadAndReconcile(parts: RestartParts): Promise<PersistedState> {
  const persisted = await recordBootstrap(parts, await parts.storage.load());
  const durable = withMembers(parts.stateMachine.durable(), persisted.snapshot.configuration);
  const level = Math.max(durable.featureLevel, persisted.snapshot.featureLevel);
  if (level > parts.featureLevel) throw new FeatureLevelError(level, parts.featureLevel);
  const appliedIndex = parts.stateMachine.appliedIndex();
  if (persisted.snapshot.index > appliedIndex) {
    if (!hasOtherVoter(persisted, parts.id))
      throw new StateBehindLogError(appliedIndex, persisted.snapshot.index + 1);
    return persisted;
  }
  return logContains(persisted, durable) ? persisted : await resetTo(parts.storage, persisted, durable);
}

/** The meta with the members in force, for a state that never saw an entry that names them. */
export function withMembers(meta: SnapshotMeta, configuration: Configuration): SnapshotMeta {
  return meta.configuration.voters.length > 0 ? meta : { ...meta, configuration };
}

/** Whether any other node may lead, and so send a state, by the newest configuration in the log. */
function hasOtherVoter({ snapshot, entries }: PersistedState, id: NodeId): boolean {
  const newest = entries.findLast(({ type }) => type === "config");
  const { voters, votersOutgoing } =
    newest === undefined ? snapshot.configuration : decodeConfiguration(newest.data);
  return [...voters, ...votersOutgoing].some((other) => other !== id);
}

/** The first start writes the founding members down, so that no later start can be told others. */
async function recordBootstrap(parts: RestartParts, persisted: PersistedState): Promise<PersistedState> {
  const { snapshot, entries } = persisted;
  if (snapshot.configuration.voters.length > 0) return persisted;
  const founded = { ...snapshot, configuration: parts.bootstrap };
  if (snapshot.index === 0 && entries.length === 0) await parts.storage.reset(founded);
  return { ...persisted, snapshot: founded };
}

/**
 * Whether the log holds the state's last entry. It does not after a crash between the state's switch to a
 * snapshot and the log's reset: then the log ends before it, or holds another leader's entry there.
 */
function logContains({ snapshot, entries }: PersistedState, { index, term }: SnapshotMeta): boolean {
  if (index < snapshot.index) return true;
  if (index === snapshot.index) return true;
  return entries[index - snapshot.index - 1]?.term === term;
}

async function resetTo(
  storage: LogStorage,
  persisted: PersistedState,
  durable: SnapshotMeta,
): Promise<PersistedState> {
  // The term first: cut short in between, a log that begins in a term unknown to its node could not be opened again.
  const hardState = await raiseTerm(storage, persisted.hardState, durable.term);
  await storage.reset(durable);
  return { hardState, snapshot: durable, entries: [] };
}

/** A term that the state has seen is over for this node's vote even if the log never recorded it. */
async function raiseTerm(storage: LogStorage, hardState: HardState, term: number): Promise<HardState> {
  if (hardState.term >= term) return hardState;
  const raised = { term, votedFor: NO_NODE };
  await storage.append({ id: 0, hardState: raised, entries: [] });
  return raised;
}
