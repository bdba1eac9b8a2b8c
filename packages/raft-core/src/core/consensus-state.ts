import type { Configuration, HardState, NodeId, PersistedState, Role, SnapshotMeta } from "../types.ts";
import { NO_NODE } from "../types.ts";
import type { ResolvedRaftConfig } from "./config.ts";
import { RaftStateError } from "./errors.ts";
import { ForwardedReads } from "./forwarded-reads.ts";
import { InFlightWrites } from "./in-flight-writes.ts";
import type { Leadership } from "./leadership.ts";
import { RaftLog } from "./log.ts";
import { Outbox } from "./outbox.ts";

/**
 * What the rules share (Raft paper, figure 2). Plain fields: each rule file says which it moves,
 * and the few moves that must keep two fields in step are methods.
 */
export class ConsensusState {
  readonly config: ResolvedRaftConfig;
  readonly random: () => number;
  readonly log: RaftLog;
  readonly writes: InFlightWrites = new InFlightWrites();
  /** Replaced by an empty one with each ready. */
  outbox: Outbox = new Outbox();
  readonly forwardedReads: ForwardedReads;

  term: number;
  votedFor: NodeId;
  /** What the last append batch told the storage. */
  writtenHardState: HardState;
  /** What the storage has confirmed. */
  stableHardState: HardState;
  /** The last entry given to the storage. */
  writtenIndex: number;
  /** The last entry confirmed by the storage. */
  stableIndex: number;

  role: Role = "follower";
  /** The leader of this term, as far as is known. */
  leader: NodeId = NO_NODE;
  /** Present exactly while this node leads. */
  leadership: Leadership | undefined = undefined;
  /** Answers of the election under way. */
  readonly votes: Map<NodeId, boolean> = new Map();

  commitIndex: number;
  /** The last entry given to the state machine. */
  handedIndex: number;
  /** The last entry the state machine has taken. */
  appliedIndex: number;
  /** The snapshot being installed; meanwhile the log stands still. */
  installing: SnapshotMeta | undefined = undefined;
  /**
   * The state machine ends before the log begins, and waits for a snapshot (G17). Until then nothing is handed
   * out, appended or committed here; hard state and log stand, and so do the votes and acknowledgements they back.
   */
  needsSnapshot: boolean;

  /** The configuration last told of by an event. */
  toldConfiguration: Configuration;

  /** Ticks since the start. */
  tick = 0;
  /** Ticks since a leader was heard, a vote was given, or a campaign began. */
  electionElapsedTicks = 0;
  electionTimeoutTicks: number;
  /** When a leader was last heard, in any term. A node that was here before may have promised a lease just before it ended. */
  heardLeaderTick: number;

  constructor(config: ResolvedRaftConfig, persisted: PersistedState, random: () => number) {
    const { hardState, snapshot } = persisted;
    this.config = config;
    this.random = random;
    this.log = new RaftLog(persisted);
    this.toldConfiguration = this.log.configuration;
    this.forwardedReads = new ForwardedReads(random);
    this.term = hardState.term;
    this.votedFor = hardState.votedFor;
    this.writtenHardState = hardState;
    this.stableHardState = hardState;
    this.writtenIndex = this.log.lastIndex;
    this.stableIndex = this.log.lastIndex;
    const appliedIndex = config.appliedIndex ?? snapshot.index;
    refuseMisplacedState(appliedIndex, this.log, config.waitForState);
    this.needsSnapshot = appliedIndex < snapshot.index;
    // Only what is committed is ever compacted.
    this.commitIndex = Math.max(appliedIndex, snapshot.index);
    this.handedIndex = appliedIndex;
    this.appliedIndex = appliedIndex;
    this.heardLeaderTick = hardState.term > 0 ? 0 : -config.electionTicks;
    this.electionTimeoutTicks = this.drawElectionTimeout();
  }

  get id(): NodeId {
    return this.config.id;
  }

  /** Starts counting towards a new election, with a new timeout (Raft paper, 5.2). */
  restartElectionTimer(): void {
    this.electionElapsedTicks = 0;
    this.electionTimeoutTicks = this.drawElectionTimeout();
  }

  drawElectionTimeout(): number {
    const { electionTicks, electionTicksMax } = this.config;
    return electionTicks + Math.floor(this.random() * (electionTicksMax - electionTicks));
  }

  /** Replaces the log's end from `index` on, also in what is known of the disk. */
  truncateLogFrom(index: number): void {
    this.log.truncateFrom(index);
    this.forgetWritesFrom(index);
  }

  /** Nothing from `index` on that was given to the storage counts any more. */
  forgetWritesFrom(index: number): void {
    this.writes.overwrittenFrom(index);
    this.writtenIndex = Math.min(this.writtenIndex, index - 1);
    this.stableIndex = Math.min(this.stableIndex, index - 1);
  }
}

function refuseMisplacedState(appliedIndex: number, log: RaftLog, mayWait: boolean): void {
  if (appliedIndex > log.lastIndex) {
    throw new RaftStateError(
      `The state machine holds entry ${appliedIndex}, but the log ends at ${log.lastIndex}: ` +
        "reset the log to the state machine's snapshot before starting.",
    );
  }
  if (appliedIndex < log.snapshot.index && !mayWait) {
    throw new RaftStateError(
      `The log begins after entry ${log.snapshot.index}, but the state machine ends at ${appliedIndex}: ` +
        "restore this node from a peer.",
    );
  }
}
