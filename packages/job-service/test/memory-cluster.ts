import type { ApplyResult } from "@coxswain/state-machine";
import { decodeCommand } from "@coxswain/state-machine";
import { answerForwarded } from "../src/answer-forwarded.ts";
import type { OutputSource, RaftPort } from "../src/contracts.ts";
import { RefusedError } from "../src/errors.ts";
import { JobService } from "../src/job-service.ts";
import type { JobServiceOptions } from "../src/job-service.ts";
import { MemoryPeers } from "../src/memory-peers.ts";
import { ManualClock } from "./manual-clock.ts";
import { MemoryStore } from "./memory-store.ts";
import { ScriptedOutputs } from "./scripted-output.ts";

type Apply = (command: Uint8Array) => Promise<ApplyResult>;

/** Three nodes with one log in memory: what one commits, all have applied. */
export class MemoryCluster {
  readonly clock: ManualClock = new ManualClock();
  readonly store: MemoryStore = new MemoryStore();
  readonly peers: MemoryPeers = new MemoryPeers();
  readonly services = new Map<number, JobService>();
  /** 0 while there is none. */
  leader = 1;
  term = 1;
  /** Linearizable reads so far. */
  reads = 0;
  /** What a placement gives, and how many are reserved. */
  room: number | undefined = 1;
  reserved = 0;
  readonly outputs = new Map<string, string>();
  /** What each node holds for those who follow. */
  readonly held = new Map([1, 2, 3].map((nodeId) => [nodeId, new ScriptedOutputs()]));
  /** Runs in place of the log, once each, oldest first. */
  readonly nextProposals: ((command: Uint8Array) => Promise<ApplyResult>)[] = [];
  #ids = 0;
  readonly #apply: Apply;

  /** @param apply what stands for the log; by default the twin of the store, at once */
  constructor(options: Partial<JobServiceOptions> = {}, apply?: Apply) {
    this.#apply = apply ?? ((command) => Promise.resolve(this.store.apply(decodeCommand(command))));
    for (const nodeId of [1, 2, 3]) this.#addNode(nodeId, options);
  }

  service(nodeId: number): JobService {
    return this.services.get(nodeId)!;
  }

  elect(leader: number): void {
    this.leader = leader;
    this.term++;
  }

  #addNode(nodeId: number, options: Partial<JobServiceOptions>): void {
    const localOutput = (executionId: string, attempt: number, tailBytes: number): Uint8Array | undefined => {
      const output = this.outputs.get(`${String(nodeId)}/${executionId}/${String(attempt)}`);
      return output === undefined ? undefined : new TextEncoder().encode(output).subarray(-tailBytes);
    };
    const localStream: OutputSource = (request, { signal }) => this.held.get(nodeId)!.stream(request, signal);
    const service = new JobService({
      nodeId,
      raft: this.#raft(nodeId),
      store: this.store,
      scheduler: { place: () => this.#place(), leases: () => [{ nodeId: 1 }, { nodeId: 2 }] },
      peers: this.peers,
      clock: this.clock,
      newId: () => `made-${String(++this.#ids)}`,
      clusterId: "cluster",
      memberAddress: (id) => `127.0.0.1:500${String(id)}`,
      localOutput,
      localStream,
      ...options,
    });
    this.services.set(nodeId, service);
    this.peers.join(nodeId, {
      forward: (caller, method, request, more) => answerForwarded(service, caller, method, request, more),
      output: localOutput,
      streamOutput: localStream,
    });
  }

  #place() {
    if (this.room === undefined) return { release: () => {} };
    this.reserved++;
    return {
      placement: { nodeId: this.room, nodeIncarnation: 1 },
      release: () => {
        this.reserved--;
      },
    };
  }

  #raft(nodeId: number): RaftPort<ApplyResult> {
    const requireLeader = (): void => {
      if (this.leader === nodeId) return;
      throw new RefusedError({
        code: "NOT_LEADER",
        category: "unavailable",
        message: "not leader",
        leader: this.leader,
      });
    };
    return {
      propose: async (command) => {
        requireLeader();
        const instead = this.nextProposals.shift();
        return instead === undefined ? await this.#apply(command) : await instead(command);
      },
      linearizableRead: () => {
        this.reads++;
        return Promise.resolve().then(requireLeader);
      },
      status: () => ({
        id: nodeId,
        role: this.leader === nodeId ? "leader" : "follower",
        term: this.term,
        leader: this.leader,
        commitIndex: 7,
        appliedIndex: 7,
        lastIndex: 8,
        firstIndex: 3,
        configuration: { voters: [1, 2, 3], learners: [] },
        peers:
          this.leader === nodeId
            ? [
                { id: 2, matchIndex: 8 },
                { id: 3, matchIndex: 5 },
              ]
            : undefined,
      }),
      entries: (from, limit) =>
        [3, 4, 5, 6, 7, 8]
          .filter((index) => index >= from)
          .slice(0, limit)
          .map((index) => ({ index, term: 1, type: "noop" as const, data: new Uint8Array() })),
      transferLeadership: (to) => {
        requireLeader();
        this.elect(to ?? (nodeId % 3) + 1);
        return Promise.resolve(this.leader);
      },
    };
  }
}
