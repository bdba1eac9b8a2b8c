/** Three nodes whose counters keep sessions, on a clock that only the test moves; what is durable outlives a crash. */
import {
  ManualClock,
  MemoryLogStorage,
  MemoryNetwork,
  MemorySnapshotStore,
  type NodeId,
  RaftNode,
  type RaftNodeEvent,
  type SessionResult,
  type SessionStateMachine,
  SnapshottedStateMachine,
  withSessions,
} from "../../src/index.ts";
import { eventLoopTurn, sequenceOf } from "../node/cluster.ts";
import { type Counters, counterModel, counterResults } from "./counters.ts";

type Result = number | undefined;

export class SessionPlace {
  readonly id: NodeId;
  readonly events: RaftNodeEvent[] = [];
  readonly snapshots = new MemorySnapshotStore();
  storage = new MemoryLogStorage();
  inner: SnapshottedStateMachine<Counters, number> | undefined;
  machine: SessionStateMachine<Result> | undefined;
  node: RaftNode<SessionResult<Result>> | undefined;

  constructor(id: NodeId) {
    this.id = id;
  }

  get counters(): Counters {
    if (this.inner === undefined) throw new Error(`node ${this.id} never ran`);
    return this.inner.state;
  }

  count(type: RaftNodeEvent["type"]): number {
    return this.events.filter((event) => event.type === type).length;
  }
}

const SETTINGS = {
  logMaxEntries: 20,
  logMaxBytes: 100_000,
  logHardBytes: 200_000,
  maxApplyEntries: 4,
  snapshotRetryMs: { min: 50, max: 100 },
  snapshotStallMs: 500,
};

export class SessionCluster {
  readonly clock = new ManualClock({ settle: eventLoopTurn });
  readonly network = new MemoryNetwork();
  readonly places = [1, 2, 3].map((id) => new SessionPlace(id));

  async start(place: SessionPlace): Promise<void> {
    place.inner = await SnapshottedStateMachine.open(counterModel, place.snapshots, { saveEveryEntries: 7 });
    place.machine = await withSessions(place.inner, { results: counterResults });
    place.node = await RaftNode.start({
      id: place.id,
      bootstrap: { voters: [1, 2, 3], votersOutgoing: [], learners: [] },
      storage: place.storage,
      stateMachine: place.machine,
      transport: this.network.transport(place.id),
      clock: this.clock,
      random: sequenceOf(place.id),
      onEvent: (event) => void place.events.push(event),
      ...SETTINGS,
    });
  }

  /** Kills a node: what was not durable is lost. */
  async crash(place: SessionPlace): Promise<void> {
    const { node } = place;
    place.node = undefined;
    void this.network.transport(place.id).close();
    place.storage = place.storage.crash();
    await this.inTime(node?.stop());
  }

  leader(): SessionPlace | undefined {
    const leading = this.places.filter(({ node }) => node?.status().leaderReady === true);
    return leading.sort((a, b) => (b.node?.status().term ?? 0) - (a.node?.status().term ?? 0))[0];
  }

  async until(condition: () => boolean, claim: string, limitMs = 60_000): Promise<void> {
    for (let waitedMs = 0; waitedMs <= limitMs; waitedMs += 10) {
      if (condition()) return;
      await this.clock.advance(10);
    }
    throw new Error(`${limitMs} ms passed before: ${claim}`);
  }

  /** Settles a promise by moving time on. */
  async inTime<Value>(promise: Promise<Value> | undefined): Promise<void> {
    let settled = false;
    const done = (): void => void (settled = true);
    void Promise.resolve(promise).then(done, done);
    await this.until(() => settled, "the promise settles");
  }

  /** Everything runs and is connected, and all have applied the same. */
  async calm(): Promise<void> {
    this.network.heal();
    for (const place of this.places) if (place.node === undefined) await this.start(place);
    await this.until(() => this.leader() !== undefined, "a leader is ready");
    await this.until(() => {
      const statuses = this.places.map(({ node }) => node?.status());
      const last = Math.max(...statuses.map((status) => status?.lastIndex ?? 0));
      return statuses.every((status) => status?.appliedIndex === last);
    }, "all nodes have applied the whole log");
  }

  async stop(): Promise<void> {
    for (const { node } of this.places) await this.inTime(node?.stop());
  }
}
