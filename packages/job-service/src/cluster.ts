/** The cluster itself: who is in it, who leads, what its log holds. */
import type {
  DrainNodeRequest,
  DrainNodeResponse,
  GetClusterStatusRequest,
  GetClusterStatusResponse,
  GetRaftLogEntriesRequest,
  GetRaftLogEntriesResponse,
  NodeStatus,
  RaftLogEntry,
  TransferLeadershipRequest,
  TransferLeadershipResponse,
} from "@coxswain/protocol";
import { describeCommand } from "@coxswain/state-machine";
import { requireAdmin, requireUser } from "./authorize.ts";
import type { CallerIdentity, CallOptions, RaftView } from "./contracts.ts";
import { ValidationError } from "./errors.ts";
import { propose, scopedRequestId } from "./propose.ts";
import type { ServiceParts } from "./service-parts.ts";
import { DEFAULT_PAGE_SIZE } from "./validate.ts";

/** Entries decoded in one go; each has at most some hundred KiB. */
const ENTRIES_PER_SLICE = 8;

export class ClusterCalls {
  readonly #parts: ServiceParts;

  constructor(parts: ServiceParts) {
    this.#parts = parts;
  }

  async getClusterStatus(
    caller: CallerIdentity,
    request: GetClusterStatusRequest,
    options: CallOptions,
  ): Promise<GetClusterStatusResponse> {
    requireUser(caller, "GetClusterStatus");
    if (request.stale) return this.#status();
    const onLeader = async (): Promise<GetClusterStatusResponse> => {
      await this.#parts.raft.linearizableRead();
      return this.#status();
    };
    return await this.#parts.routing.run(
      { caller, method: "getClusterStatus", effect: "read", request, onLeader },
      options,
    );
  }

  /** Each node shows its own log; nothing is forwarded. */
  async getRaftLogEntries(
    caller: CallerIdentity,
    given: GetRaftLogEntriesRequest,
  ): Promise<GetRaftLogEntriesResponse> {
    requireAdmin(caller, "GetRaftLogEntries");
    const { startIndex, limit } = this.#parts.validator.logEntries(given);
    const { raft } = this.#parts;
    const { commitIndex, firstIndex, lastIndex } = raft.status();
    const entries: RaftLogEntry[] = [];
    for (const entry of raft.entries(
      Math.max(startIndex, firstIndex),
      limit === 0 ? DEFAULT_PAGE_SIZE : limit,
    )) {
      const { index, term } = entry;
      entries.push({ index, term, command: describeCommand(entry), isCommitted: index <= commitIndex });
      // An entry may hold many jobs, and a page a thousand entries: heartbeats must not wait for all of it (G22).
      if (entries.length % ENTRIES_PER_SLICE === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    return { entries, commitIndex, lastLogIndex: lastIndex, firstAvailableIndex: firstIndex };
  }

  async transferLeadership(
    caller: CallerIdentity,
    request: TransferLeadershipRequest,
    options: CallOptions,
  ): Promise<TransferLeadershipResponse> {
    requireAdmin(caller, "TransferLeadership");
    const onLeader = (): Promise<TransferLeadershipResponse> => this.#transfer(request.targetNodeId);
    // "To the best" would move on from the node that it moved to.
    const repeatable = request.targetNodeId !== 0;
    return await this.#parts.routing.run(
      { caller, method: "transferLeadership", effect: "write", request, repeatable, onLeader },
      options,
    );
  }

  async drainNode(
    caller: CallerIdentity,
    given: DrainNodeRequest,
    options: CallOptions,
  ): Promise<DrainNodeResponse> {
    requireAdmin(caller, "DrainNode");
    const { nodeId, undo, requestId } = this.#parts.validator.drainNode(given);
    const request = {
      // "The node that answers" is the one that was asked, not the leader that it asks.
      nodeId: nodeId === 0 ? this.#parts.nodeId : nodeId,
      undo,
      requestId: requestId === "" ? this.#parts.newId() : requestId,
    };
    const onLeader = (): Promise<DrainNodeResponse> => this.#drain(caller, request);
    return await this.#parts.routing.run(
      { caller, method: "drainNode", effect: "write", request, onLeader },
      options,
    );
  }

  async #transfer(target: number): Promise<TransferLeadershipResponse> {
    const { raft, nodeId } = this.#parts;
    const { voters } = raft.status().configuration;
    if (target !== 0 && !voters.includes(target)) {
      throw new ValidationError([
        { field: "targetNodeId", problem: `must be 0 or a voter (${voters.join(", ")})` },
      ]);
    }
    if (target === nodeId)
      return { success: true, message: `Node ${String(nodeId)} leads already.`, newLeaderId: nodeId };
    const newLeaderId = await raft.transferLeadership(target === 0 ? undefined : target);
    return { success: true, message: `Node ${String(newLeaderId)} leads now.`, newLeaderId };
  }

  async #drain(
    caller: CallerIdentity,
    { nodeId, undo, requestId }: DrainNodeRequest,
  ): Promise<DrainNodeResponse> {
    await propose(
      this.#parts,
      "drainingSet",
      { $case: "setNodeDraining", value: { nodeId, draining: !undo } },
      scopedRequestId(caller, requestId),
    );
    const message = undo
      ? `Node ${String(nodeId)} takes work again.`
      : `Node ${String(nodeId)} gets no new work; what runs there goes on.`;
    return { success: true, message };
  }

  #status(): GetClusterStatusResponse {
    const { raft, store, nodeId, clusterId } = this.#parts;
    const view = raft.status();
    const counters = store.counters();
    return {
      currentTerm: view.term,
      leaderId: view.leader,
      nodes: this.#nodes(view),
      clusterId,
      nodeId,
      role: view.role,
      commitIndex: view.commitIndex,
      appliedIndex: view.appliedIndex,
      lastLogIndex: view.lastIndex,
      firstLogIndex: view.firstIndex,
      featureLevel: store.featureLevel(),
      activeJobs: counters.activeJobs,
      finishedJobs: counters.historyJobs,
      pendingExecutions: counters.queuedExecutions + counters.waitingExecutions,
      runningExecutions: counters.runningExecutions,
    };
  }

  /** Every member, registered or not, and every node that registered. */
  #nodes(view: RaftView): NodeStatus[] {
    const { voters, learners } = view.configuration;
    const ids = new Set([...voters, ...learners, ...this.#parts.store.nodes().map(({ id }) => id)]);
    const alive =
      view.role === "leader"
        ? new Set([...this.#parts.scheduler.leases()].map(({ nodeId }) => nodeId))
        : undefined;
    const matched = new Map(view.peers?.map(({ id, matchIndex }) => [id, matchIndex]));
    matched.set(view.id, view.lastIndex);
    return [...ids].sort((a, b) => a - b).map((id) => this.#node(id, view, alive, matched));
  }

  #node(
    id: number,
    { leader, configuration }: RaftView,
    alive: ReadonlySet<number> | undefined,
    matched: ReadonlyMap<number, number>,
  ): NodeStatus {
    const { store, memberAddress } = this.#parts;
    const node = store.node(id);
    return {
      nodeId: id,
      address: node?.address ?? memberAddress(id) ?? "",
      // Leases are the leader's knowledge; another node only knows who was declared lost.
      isAlive: alive === undefined ? node !== undefined && !node.lost : alive.has(id),
      isVoter: configuration.voters.includes(id),
      draining: node?.draining ?? false,
      executors: node?.executors ?? [],
      capacity: node?.capacity ?? 0,
      running: store.runningOn(id),
      matchIndex: matched.get(id) ?? 0,
      incarnation: node?.incarnation ?? 0,
      missingExecutors: node?.missingExecutors ?? {},
      executorLimitations: node?.executorLimitations ?? {},
      isLeader: id === leader,
    };
  }
}
