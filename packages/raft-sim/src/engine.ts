import { Raft, type PersistedState, type RaftConfig } from "@coxswain/raft-core";

/** The public face of {@link Raft}: what the simulator drives. */
export type Engine = Pick<Raft, keyof Raft>;

/** Makes one member's core. Tests put broken ones here, to see that they are caught. */
export type EngineFactory = (config: RaftConfig, persisted: PersistedState, random: () => number) => Engine;

/** The real one. */
export const raftEngine: EngineFactory = (config, persisted, random) => new Raft(config, persisted, random);
