/**
 * The one place where requests are checked. What comes out is trusted inside: it has an id, a task
 * and a schedule, and keeps every limit.
 */
import { z } from "zod";
import { ExecutionStatus } from "@coxswain/protocol";
import type {
  CancelJobRequest,
  DeleteJobRequest,
  DrainNodeRequest,
  GetRaftLogEntriesRequest,
  JobRequest,
  ListExecutionsRequest,
  ListJobsRequest,
  SubmitJobRequest,
  Task,
} from "@coxswain/protocol";
import { ValidationError } from "./errors.ts";
import type { FieldProblem } from "./errors.ts";
import type { RequestLimits } from "./limits.ts";
import { policySchema, scheduleSchema } from "./schedule-schema.ts";
import { taskSchema } from "./task-schema.ts";
import { boundedText, jobIdText, MAX_INSTANT_MS, requestIdText, wholeNumber } from "./text-rules.ts";

/** The most entries of any page. */
export const MAX_PAGE_SIZE = 1_000;

/** The longest that a cancelled attempt may take to end by itself. */
export const MAX_GRACE_MS = 3_600_000;

/** The size of a page that was not asked for by size. */
export const DEFAULT_PAGE_SIZE = 100;

const pageSize = wholeNumber(0, MAX_PAGE_SIZE);
const pageToken = boundedText(1_024);
const nodeNumber = wholeNumber(0, 2 ** 32 - 1);
const instant = wholeNumber(0, MAX_INSTANT_MS);
const statusFilter = wholeNumber(ExecutionStatus.UNSPECIFIED, ExecutionStatus.CANCELLED);

/** A submit that was checked and put into its one form: `task` instead of `command`, a schedule, an id. */
export type CheckedSubmit = SubmitJobRequest & { readonly task: Task };

export class Validator {
  readonly #newId: () => string;
  readonly #submit: z.ZodType<SubmitJobRequest>;
  readonly #cancel: z.ZodType<CancelJobRequest>;

  constructor(limits: RequestLimits, newId: () => string) {
    this.#newId = newId;
    this.#submit = submitSchema(limits);
    this.#cancel = z.object({
      jobId: jobIdText,
      reason: boundedText(limits.maxReasonBytes),
      requestId: requestIdText,
      graceMs: wholeNumber(0, MAX_GRACE_MS).optional(),
    }) as z.ZodType<CancelJobRequest>;
  }

  /** Checks a submit and completes it, so that the same request can be sent twice and mean one job. */
  submit(request: SubmitJobRequest): CheckedSubmit {
    const { command, image, jobId, task, schedule, policy } = check(this.#submit, withTask(request));
    if (task === undefined)
      throw new ValidationError([{ field: "task", problem: "task or command must be set" }]);
    return {
      command,
      image,
      jobId: jobId === "" ? this.#newId() : jobId,
      task,
      schedule: schedule?.kind === undefined ? { kind: { $case: "now", value: {} } } : schedule,
      policy,
    };
  }

  cancel(request: CancelJobRequest): CancelJobRequest {
    return check(this.#cancel, request);
  }

  delete(request: DeleteJobRequest): DeleteJobRequest {
    return check(deleteSchema, request);
  }

  jobId(request: { jobId: string }): string {
    return check(jobIdSchema, request).jobId;
  }

  /** What a request for logs means by its fields; the others are not looked at. */
  logs(request: JobRequest): JobRequest {
    const { id, offset, tailBytes, attempt, executionId } = request;
    const checked = check(logsSchema, { id, offset, tailBytes, attempt, executionId });
    return { ...request, ...checked };
  }

  listJobs(request: ListJobsRequest): ListJobsRequest {
    return check(listJobsSchema, request);
  }

  listExecutions(request: ListExecutionsRequest): ListExecutionsRequest {
    return check(listExecutionsSchema, request);
  }

  logEntries(request: GetRaftLogEntriesRequest): GetRaftLogEntriesRequest {
    return check(logEntriesSchema, request);
  }

  drainNode(request: DrainNodeRequest): DrainNodeRequest {
    return check(drainNodeSchema, request);
  }
}

/** Takes a submit that another node has checked already; it came from a certificate of role `node`. */
export function checkedBefore(request: SubmitJobRequest): CheckedSubmit {
  const { task, jobId } = request;
  if (task === undefined || jobId === "") {
    throw new ValidationError([
      { field: task === undefined ? "task" : "jobId", problem: "must be set when forwarded" },
    ]);
  }
  return { ...request, task };
}

/** Puts the short form, `command` with or without `image`, into the long one. */
function withTask(request: SubmitJobRequest): SubmitJobRequest {
  const { command, image, task } = request;
  if (task !== undefined) {
    if (command === "" && image === "") return request;
    throw new ValidationError([
      { field: command === "" ? "image" : "command", problem: "must be empty when task is set" },
    ]);
  }
  if (command.trim() === "") {
    throw new ValidationError([{ field: "command", problem: "must not be empty when no task is set" }]);
  }
  const common = { shell: command, argv: [], env: {}, workingDirectory: "", limits: undefined };
  const kind: Task["kind"] =
    image === "" ? { $case: "process", value: common } : { $case: "docker", value: { ...common, image } };
  return { ...request, command: "", image: "", task: { kind } };
}

function submitSchema(limits: RequestLimits): z.ZodType<SubmitJobRequest> {
  return z.object({
    command: z.literal(""),
    image: z.literal(""),
    jobId: requestIdText,
    task: taskSchema(limits),
    schedule: scheduleSchema.optional(),
    policy: policySchema(limits).optional(),
  }) as z.ZodType<SubmitJobRequest>;
}

const jobIdSchema = z.object({ jobId: jobIdText });
const logsSchema = z
  .object({
    id: jobIdText,
    offset: wholeNumber(0, Number.MAX_SAFE_INTEGER).optional(),
    tailBytes: wholeNumber(0, Number.MAX_SAFE_INTEGER).optional(),
    attempt: wholeNumber(0, 2 ** 32 - 1),
    executionId: z
      .string()
      .regex(/^[A-Za-z0-9._-]{0,200}$/, "must come from an earlier message or a listing"),
  })
  .refine(({ offset, tailBytes }) => offset === undefined || tailBytes === undefined, {
    path: ["tailBytes"],
    message: "must not be set beside offset",
  });
const deleteSchema = z.object({ jobId: jobIdText, requestId: requestIdText });
const drainNodeSchema = z.object({ nodeId: nodeNumber, undo: z.boolean(), requestId: requestIdText });
const logEntriesSchema = z.object({ startIndex: wholeNumber(0, Number.MAX_SAFE_INTEGER), limit: pageSize });
const listExecutionsSchema = z.object({ jobId: jobIdText, pageSize, pageToken, stale: z.boolean() });
const listJobsSchema = z.object({
  pageSize,
  pageToken,
  statusFilter,
  workerIdFilter: nodeNumber,
  commandFilter: boundedText(1_024),
  createdAfterMs: instant,
  createdBeforeMs: instant,
  stale: z.boolean(),
  ownerFilter: boundedText(1_024),
}) as z.ZodType<ListJobsRequest>;

function check<T>(schema: z.ZodType<T>, request: T): T {
  const outcome = schema.safeParse(request);
  if (outcome.success) return outcome.data;
  throw new ValidationError(outcome.error.issues.map(fieldProblem));
}

/** `task.kind.value.url` of the generated form is `task.url` to whoever wrote the request. */
function fieldProblem(issue: z.core.$ZodIssue): FieldProblem {
  const path = issue.path.filter((part) => part !== "kind" && part !== "value" && part !== "$case").join(".");
  return { field: path === "" ? "request" : path, problem: issue.message };
}
