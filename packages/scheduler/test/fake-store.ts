import { ExecutionStatus, Job, JobState, Node } from "@coxswain/state-machine";
import type { ApplyResult, CommandBody, DueItem, JobStoreEventName, JobStoreEvents, QueuedExecution } from "@coxswain/state-machine";
import type { SchedulerStore } from "../src/index.ts";

/** One execution, as far as scheduling cares. */
export interface FakeExecution {
  readonly id: string;
  readonly jobId: string;
  readonly dueMs: number;
  readonly executor: string;
  readonly priority: number;
  queuedIndex: number;
  status: ExecutionStatus;
  attempt: number;
  nodeId: number;
  nodeIncarnation: number;
  retryAtMs: number;
  deadlineMs: number;
  stopping: boolean;
}

/** A job as tests state it; the rest has defaults. */
export type GivenJob = Partial<Job> & { readonly id: string };

type Listeners = { [Name in JobStoreEventName]?: Set<(payload: JobStoreEvents[Name]) => void> };

/** The rules of the replicated job store that matter here (G5, G9, G11), small and in memory. */
export class FakeStore implements SchedulerStore {
  readonly jobs = new Map<string, Job>();
  readonly executions = new Map<string, FakeExecution>();
  readonly members = new Map<number, Node>();
  /** Windows asked of the time index. */
  readonly reads: { readonly limit: number; readonly returned: number }[] = [];
  muteEvents = false;
  overCaps = 0;
  index = 0;
  readonly #listeners: Listeners = {};

  // What the scheduler reads.

  job = (id: string): Promise<Job | undefined> => Promise.resolve(this.jobs.get(id));
  nodes = (): readonly Node[] => [...this.members.values()];
  node = (id: number): Node | undefined => this.members.get(id);
  runningOn = (nodeId: number): number =>
    [...this.executions.values()].filter((e) => e.status === ExecutionStatus.RUNNING && e.nodeId === nodeId).length;
  queueLength = (): number => this.#queue().length;
  queueHead = (limit: number): Promise<QueuedExecution[]> =>
    Promise.resolve(
      this.#queue().slice(0, limit).map((e) => ({
        executionId: e.id, jobId: e.jobId, executor: e.executor, attempt: e.attempt + 1, priority: e.priority,
        queuedIndex: e.queuedIndex, queuedItem: 0,
      })),
    );

  historyOverCaps: SchedulerStore["historyOverCaps"] = () =>
    Promise.resolve({ over: this.overCaps > 0, leftovers: false, requests: false });

  due: SchedulerStore["due"] = ({ fromMs = 0, toMs, limit, after }) => {
    const rank = (item: DueItem): string => `${String(item.atMs).padStart(16, "0")}/${nameOf(item)}`;
    const items = this.#dueItems()
      .filter((item) => item.atMs >= fromMs && item.atMs < toMs && (after === undefined || rank(item) > rank(after)))
      .sort((a, b) => (rank(a) < rank(b) ? -1 : 1))
      .slice(0, limit);
    this.reads.push({ limit, returned: items.length });
    return Promise.resolve(items);
  };

  on: SchedulerStore["on"] = (name, listener) => {
    const listeners = this.#listeners as Record<string, Set<unknown>>;
    (listeners[name] ??= new Set()).add(listener);
    return () => listeners[name]?.delete(listener);
  };

  get listeners(): number {
    return Object.values(this.#listeners).reduce((sum, set) => sum + set.size, 0);
  }

  // What happens to it.

  register(id: number, given: Partial<Node> = {}): void {
    const incarnation = (this.members.get(id)?.incarnation ?? 0) + 1;
    const node = Node.fromPartial({ id, incarnation, executors: ["process"], capacity: 4, registeredAtMs: ++this.index, ...given });
    this.members.set(id, node);
    this.emit("nodeChanged", { nodeId: id });
  }

  change(id: number, given: Partial<Node>): void {
    this.members.set(id, { ...this.members.get(id)!, ...given });
    this.emit("nodeChanged", { nodeId: id });
  }

  put(given: GivenJob): void {
    const job: Job = { ...Job.fromPartial({ incarnation: 1, version: 1, state: JobState.ACTIVE, task: processTask }), ...given };
    this.jobs.set(job.id, job);
    if (job.nextDueMs > 0) this.emit("due", dueOf(job));
  }

  /** A `now` job: its execution waits in the queue, or runs where the placement says. */
  submit(id: string, options: { executor?: string; priority?: number; placement?: Placed | undefined } = {}): FakeExecution {
    this.jobs.set(id, Job.fromPartial({ id, incarnation: 1, version: 1, state: JobState.ACTIVE, task: processTask }));
    return this.#create(id, 0, options.executor ?? "process", options.priority ?? 0, options.placement);
  }

  finish(id: string): void {
    const execution = this.executions.get(id)!;
    execution.status = ExecutionStatus.COMPLETED;
    this.emit("capacityFreed", { nodeId: execution.nodeId });
  }

  retryLater(id: string, retryAtMs: number): void {
    const execution = this.executions.get(id)!;
    Object.assign(execution, { status: ExecutionStatus.PENDING, retryAtMs });
    this.emit("due", { kind: "retry", atMs: retryAtMs, executionId: id });
  }

  of(jobId: string): FakeExecution[] {
    return [...this.executions.values()].filter((execution) => execution.jobId === jobId);
  }

  apply(body: CommandBody): ApplyResult {
    this.index++;
    switch (body.$case) {
      case "fireDue":
        return { kind: "fired", items: body.value.items.map((item) => this.#fire(item)) };
      case "assignExecutions":
        return { kind: "assigned", items: body.value.items.map((item) => this.#assign(item)) };
      case "retryDue":
        return { kind: "retried", items: body.value.items.map((item) => this.#retry(item)) };
      case "deadlineDue":
        return { kind: "deadlines", items: body.value.items.map((item) => this.#deadline(item)) };
      case "markNodesLost":
        return { kind: "nodesLost", items: body.value.items.map((item) => this.#lose(item)) };
      case "purge":
        this.overCaps = Math.max(0, this.overCaps - body.value.limit);
        return { kind: "purged", jobs: 0, executions: 0, requests: 0, more: this.overCaps > 0 };
      default:
        throw new Error(`The fake store knows no ${body.$case}.`);
    }
  }

  emit<Name extends JobStoreEventName>(name: Name, payload: JobStoreEvents[Name]): void {
    if (this.muteEvents) return;
    for (const listener of this.#listeners[name] ?? []) (listener as (given: JobStoreEvents[Name]) => void)(payload);
  }

  #fire(item: Body<"fireDue">): FireItem {
    const job = this.jobs.get(item.jobId);
    if (job === undefined || job.incarnation !== item.jobIncarnation) return { kind: "ignored", reason: "UNKNOWN" };
    if (job.version !== item.jobVersion || job.nextDueMs !== item.dueMs) return { kind: "ignored", reason: "STALE" };
    if (item.nextDueMs !== 0 && item.nextDueMs <= item.dueMs) throw new Error(`${item.jobId} would not move forward.`);
    const missedOccurrences = job.missedOccurrences + item.missed + (item.skip ? 1 : 0);
    this.put({ ...job, nextDueMs: item.nextDueMs, missedOccurrences });
    if (item.skip) return { kind: "skipped" };
    const execution = this.#create(job.id, item.dueMs, job.task?.kind?.$case ?? "none", 0, item.placement);
    return { kind: "fired", executionId: execution.id, assignedTo: execution.nodeId };
  }

  #create(jobId: string, dueMs: number, executor: string, priority: number, placement: Placed | undefined): FakeExecution {
    const id = `${jobId}.1.${this.of(jobId).length + 1}`;
    const execution: FakeExecution = {
      id, jobId, dueMs, executor, priority, queuedIndex: this.index, status: ExecutionStatus.PENDING, attempt: 0, nodeId: 0,
      nodeIncarnation: 0, retryAtMs: 0, deadlineMs: 0, stopping: false,
    };
    this.executions.set(id, execution);
    if (executor === "none") execution.status = ExecutionStatus.COMPLETED;
    else if (!this.#starts(execution, placement)) this.emit("queued", { executionId: id, executor });
    return execution;
  }

  #assign(item: Body<"assignExecutions">): { kind: "assigned" } | Ignored {
    const execution = this.executions.get(item.executionId);
    if (execution?.status !== ExecutionStatus.PENDING || execution.attempt + 1 !== item.attempt) return { kind: "ignored", reason: "NOT_PENDING" };
    return this.#starts(execution, item.placement) ? { kind: "assigned" } : { kind: "ignored", reason: "PLACEMENT" };
  }

  #starts(execution: FakeExecution, placement: Placed | undefined): boolean {
    const node = placement === undefined ? undefined : this.members.get(placement.nodeId);
    if (node === undefined || node.incarnation !== placement?.nodeIncarnation || node.lost || node.draining) return false;
    if (!node.executors.includes(execution.executor) || this.runningOn(node.id) >= node.capacity) return false;
    Object.assign(execution, { status: ExecutionStatus.RUNNING, attempt: execution.attempt + 1, nodeId: node.id, nodeIncarnation: node.incarnation });
    return true;
  }

  #retry(item: Body<"retryDue">): { kind: "queued"; assignedTo: number } | Ignored {
    const execution = this.executions.get(item.executionId);
    if (execution === undefined || execution.retryAtMs !== item.retryAtMs) return { kind: "ignored", reason: "STALE" };
    Object.assign(execution, { retryAtMs: 0, queuedIndex: this.index });
    this.emit("queued", { executionId: execution.id, executor: execution.executor });
    return { kind: "queued", assignedTo: 0 };
  }

  #deadline(item: Body<"deadlineDue">): { kind: "stopRequested" } | Ignored {
    const execution = this.executions.get(item.executionId);
    if (execution?.status !== ExecutionStatus.RUNNING || execution.attempt !== item.attempt) return { kind: "ignored", reason: "NOT_RUNNING" };
    Object.assign(execution, { stopping: true, deadlineMs: 0 });
    return { kind: "stopRequested" };
  }

  #lose(item: Body<"markNodesLost">): { kind: "lost"; attempts: number } | Ignored {
    const node = this.members.get(item.nodeId);
    if (node === undefined || node.incarnation !== item.nodeIncarnation || node.lost) return { kind: "ignored", reason: "ALREADY" };
    this.change(node.id, { lost: true });
    const ran = [...this.executions.values()].filter((e) => e.status === ExecutionStatus.RUNNING && e.nodeId === node.id);
    for (const execution of ran) {
      Object.assign(execution, { status: ExecutionStatus.PENDING, queuedIndex: this.index });
      this.emit("queued", { executionId: execution.id, executor: execution.executor });
    }
    return { kind: "lost", attempts: ran.length };
  }

  #queue(): FakeExecution[] {
    return [...this.executions.values()]
      .filter((e) => e.status === ExecutionStatus.PENDING && e.retryAtMs === 0)
      .sort((a, b) => b.priority - a.priority || a.queuedIndex - b.queuedIndex);
  }

  #dueItems(): DueItem[] {
    const fires = [...this.jobs.values()].filter((job) => job.nextDueMs > 0 && job.state === JobState.ACTIVE).map(dueOf);
    const others = [...this.executions.values()].flatMap((e): DueItem[] => [
      ...(e.retryAtMs > 0 ? [{ kind: "retry" as const, atMs: e.retryAtMs, executionId: e.id }] : []),
      ...(e.deadlineMs > 0 ? [{ kind: "deadline" as const, atMs: e.deadlineMs, executionId: e.id, attempt: e.attempt }] : []),
    ]);
    return [...fires, ...others];
  }
}

type Placed = { readonly nodeId: number; readonly nodeIncarnation: number };
type Ignored = { readonly kind: "ignored"; readonly reason: "UNKNOWN" | "STALE" | "NOT_PENDING" | "NOT_RUNNING" | "PLACEMENT" | "ALREADY" };
type FireItem = { readonly kind: "fired"; readonly executionId: string; readonly assignedTo: number } | { readonly kind: "skipped" } | Ignored;
type WithItems = Extract<CommandBody, { value: { items: unknown[] } }>;
type Body<Case extends WithItems["$case"]> = Extract<WithItems, { $case: Case }>["value"]["items"][number];

const processTask = { kind: { $case: "process" as const, value: { shell: "true" } } };

function dueOf(job: Job): DueItem {
  return { kind: "fire", atMs: job.nextDueMs, jobId: job.id, incarnation: job.incarnation, version: job.version };
}

function nameOf(item: DueItem): string {
  return item.kind === "fire" ? `f/${item.jobId}` : `${item.kind}/${item.executionId}`;
}
