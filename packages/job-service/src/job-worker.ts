/** Jobs as one worker sees them: started, stopped, asked after. Ordinary jobs, in fewer words. */
import { ExecutionStatus, NodeLossPolicy, SubmitJobRequest } from "@coxswain/protocol";
import type { JobRequest, JobResponse, JobStatusResponse, Task } from "@coxswain/protocol";
import { requireOwner, requireUser } from "./authorize.ts";
import type { CallerIdentity, CallOptions } from "./contracts.ts";
import type { EndOfLifeCalls } from "./end-of-life.ts";
import { errorFacts, JobNotFoundError, ValidationError } from "./errors.ts";
import { exitOfExecution, exitOfJob, isOver } from "./job-exit.ts";
import type { StatusCalls } from "./job-status.ts";
import { newestAttempt } from "./newest-attempt.ts";
import type { ServiceParts } from "./service-parts.ts";
import type { SubmitCalls } from "./submit.ts";

/** The calls that these are built on. */
export interface JobCalls {
  readonly submits: Pick<SubmitCalls, "submitJob">;
  readonly ends: Pick<EndOfLifeCalls, "cancelJob">;
  readonly states: Pick<StatusCalls, "outputOf">;
}

export class WorkerCalls {
  readonly #parts: ServiceParts;
  readonly #calls: JobCalls;

  constructor(parts: ServiceParts, calls: JobCalls) {
    this.#parts = parts;
    this.#calls = calls;
  }

  async start(caller: CallerIdentity, request: JobRequest, options: CallOptions): Promise<JobResponse> {
    requireUser(caller, "Start");
    const { jobId: id } = await this.#submit(caller, request, options);
    // As far as this node knows: the job is stored, whatever a further question to the leader would run into.
    const job = await this.#parts.store.job(id);
    return { id, status: job?.status ?? ExecutionStatus.PENDING };
  }

  async stop(caller: CallerIdentity, request: JobRequest, options: CallOptions): Promise<JobResponse> {
    requireUser(caller, "Stop");
    const { id, graceMs } = request;
    try {
      const { status } = await this.#calls.ends.cancelJob(
        caller,
        { jobId: id, reason: "", requestId: "", graceMs },
        options,
      );
      return { id, status };
    } catch (error) {
      // What has ended is stopped; so a stop may be sent again when its answer was lost.
      if (errorFacts(error).code !== "JOB_ALREADY_FINISHED") throw error;
      const { status } = await this.status(caller, request, options);
      return { id, status };
    }
  }

  async status(caller: CallerIdentity, given: JobRequest, options: CallOptions): Promise<JobStatusResponse> {
    requireUser(caller, "Status");
    const jobId = this.#parts.validator.jobId({ jobId: given.id });
    const onLeader = async (): Promise<JobStatusResponse> => {
      await this.#parts.raft.linearizableRead();
      return await this.#status(caller, jobId);
    };
    return await this.#parts.routing.run(
      { caller, method: "status", effect: "read", request: given, onLeader },
      options,
    );
  }

  async #submit(
    caller: CallerIdentity,
    request: JobRequest,
    options: CallOptions,
  ): Promise<{ jobId: string }> {
    try {
      return await this.#calls.submits.submitJob(caller, submitOf(request), options);
    } catch (error) {
      throw error instanceof ValidationError ? inWordsOfStart(error) : error;
    }
  }

  async #status(caller: CallerIdentity, jobId: string): Promise<JobStatusResponse> {
    const { store } = this.#parts;
    const job = await store.job(jobId);
    if (job === undefined) throw new JobNotFoundError(jobId);
    requireOwner(caller, job);
    const execution = job.latestExecutionId === "" ? undefined : await store.execution(job.latestExecutionId);
    const { status, createdAtMs } = job;
    return {
      id: job.id,
      status,
      output: await this.#calls.states.outputOf(execution),
      exit: isOver(status)
        ? execution === undefined
          ? exitOfJob(job)
          : exitOfExecution(execution)
        : undefined,
      nodeId: newestAttempt(execution)?.nodeId ?? 0,
      createdAtMs,
    };
  }
}

/**
 * What was started runs at most once: it is not tried again when it fails, nor elsewhere when its node is lost, since
 * nobody could tell how much of it was done.
 */
function submitOf(request: JobRequest): SubmitJobRequest {
  const policy = { maxAttempts: 1, onNodeLoss: NodeLossPolicy.FAIL, timeoutMs: request.timeoutMs };
  return SubmitJobRequest.fromPartial({ jobId: request.id, task: taskOf(request), policy });
}

function taskOf({ executor, image, command, argv, env, workingDirectory, limits }: JobRequest): Task {
  const common = { shell: command, argv, env, workingDirectory, limits };
  switch (executor === "" ? (image === "" ? "process" : "docker") : executor) {
    case "docker":
      return { kind: { $case: "docker", value: { ...common, image } } };
    case "process":
      if (image === "") return { kind: { $case: "process", value: common } };
      throw new ValidationError([{ field: "image", problem: "must be empty where the executor is process" }]);
    default:
      throw new ValidationError([{ field: "executor", problem: "must be empty, process or docker" }]);
  }
}

/** Fields as the request has them; the task and the policy are made here. */
function inWordsOfStart(error: ValidationError): ValidationError {
  const words: Readonly<Record<string, string>> = { jobId: "id", task: "command", "task.shell": "command" };
  const fields = error.fields.map(({ field, problem }) => ({
    field: words[field] ?? field.replace(/^(task|policy)\./, ""),
    problem,
  }));
  return new ValidationError(fields, { cause: error });
}
