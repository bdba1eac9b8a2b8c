/** What became of one job, and what it has written. */
import { ExecutionStatus } from "@coxswain/protocol";
import type {
  Attempt,
  Execution,
  GetJobStatusRequest,
  GetJobStatusResponse,
  Job,
  Node,
} from "@coxswain/protocol";
import { requireOwner, requireUser } from "./authorize.ts";
import type { CallerIdentity, CallOptions } from "./contracts.ts";
import { Deadline } from "./deadline.ts";
import { JobNotFoundError, ReadTimeoutError } from "./errors.ts";
import { newestAttempt } from "./newest-attempt.ts";
import { pendingReason } from "./pending-reason.ts";
import type { ServiceParts } from "./service-parts.ts";

const NOTHING = new Uint8Array();

export class StatusCalls {
  readonly #parts: ServiceParts;

  constructor(parts: ServiceParts) {
    this.#parts = parts;
  }

  async getJobStatus(
    caller: CallerIdentity,
    given: GetJobStatusRequest,
    options: CallOptions,
  ): Promise<GetJobStatusResponse> {
    requireUser(caller, "GetJobStatus");
    const request = { jobId: this.#parts.validator.jobId(given), stale: given.stale };
    if (request.stale) return await this.#status(caller, request.jobId);
    const onLeader = async (): Promise<GetJobStatusResponse> => {
      await this.#parts.raft.linearizableRead();
      return await this.#status(caller, request.jobId);
    };
    return await this.#parts.routing.run(
      { caller, method: "getJobStatus", effect: "read", request, onLeader },
      options,
    );
  }

  async #status(caller: CallerIdentity, jobId: string): Promise<GetJobStatusResponse> {
    const { store } = this.#parts;
    const job = await store.job(jobId);
    if (job === undefined) throw new JobNotFoundError(jobId);
    requireOwner(caller, job);
    const execution = job.latestExecutionId === "" ? undefined : await store.execution(job.latestExecutionId);
    const pending = pendingReason(job, execution, this.#aliveNodes(), this.#parts.clock.now());
    return { ...statusOf(job, execution, await this.outputOf(execution)), pendingReason: pending };
  }

  /** By their leases where this node leads; another node only knows who was declared lost. */
  #aliveNodes(): readonly Node[] {
    const { raft, scheduler, store } = this.#parts;
    if (raft.status().role !== "leader") return store.nodes().filter(({ lost }) => !lost);
    const alive = new Set([...scheduler.leases()].map(({ nodeId }) => nodeId));
    return store.nodes().filter(({ id }) => alive.has(id));
  }

  /** The result's tail once there is a result; until then, what the executing node has to tell. */
  async outputOf(execution: Execution | undefined): Promise<Uint8Array> {
    const attempt = newestAttempt(execution);
    if (execution === undefined || attempt === undefined) return NOTHING;
    if (attempt.result !== undefined) return attempt.result.outputTail;
    return execution.status === ExecutionStatus.RUNNING
      ? await this.#liveOutput(execution.id, attempt)
      : NOTHING;
  }

  /** Output is not consensus: when its node does not answer soon, the status goes without. */
  async #liveOutput(executionId: string, { nodeId, number }: Attempt): Promise<Uint8Array> {
    const { outputTailBytes, outputWaitMs } = this.#parts.settings;
    if (nodeId === this.#parts.nodeId)
      return this.#parts.localOutput(executionId, number, outputTailBytes) ?? NOTHING;
    const deadline = new Deadline(this.#parts.clock, outputWaitMs);
    const abort = new AbortController();
    try {
      const options = { timeoutMs: outputWaitMs, signal: abort.signal };
      const output = this.#parts.peers.output(nodeId, executionId, number, outputTailBytes, options);
      return (await deadline.race(output, () => new ReadTimeoutError())) ?? NOTHING;
    } catch (error) {
      this.#parts.logger.debug({ executionId, nodeId, err: error }, "live output is not to be had");
      return NOTHING;
    } finally {
      abort.abort();
      deadline.close();
    }
  }
}

function statusOf(
  job: Job,
  execution: Execution | undefined,
  output: Uint8Array,
): Omit<GetJobStatusResponse, "pendingReason"> {
  const attempt = newestAttempt(execution);
  const result = attempt?.result;
  const completedAtMs =
    execution === undefined || execution.finishedAtMs === 0 ? job.finishedAtMs : execution.finishedAtMs;
  return {
    jobId: job.id,
    status: job.status,
    output,
    error: result?.errorMessage ?? "",
    errorType: result?.errorType ?? "",
    assignedWorker: attempt?.nodeId ?? 0,
    executedBy: attempt === undefined || result === undefined ? 0 : attempt.nodeId,
    ...(result?.exitCode === undefined ? {} : { exitCode: result.exitCode }),
    createdAtMs: job.createdAtMs,
    ...(completedAtMs === 0 ? {} : { completedAtMs }),
    state: job.state,
    task: job.task,
    schedule: job.schedule,
    policy: job.policy,
    nextDueMs: job.nextDueMs,
    executions: job.executions,
    owner: job.owner,
    attempts: attempt?.number ?? 0,
    cancelReason: job.cancelReason,
    missedOccurrences: job.missedOccurrences,
    latestExecutionId: job.latestExecutionId,
  };
}
