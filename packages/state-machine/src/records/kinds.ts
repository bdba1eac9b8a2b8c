/**
 * How each kind of record is stored, read and indexed.
 */
import { Execution, Job, Leftover, RememberedRequest } from "@coxswain/protocol";
import { fromBytes, toBytes } from "../disk/text.ts";
import { executionKey, jobKey, LEFTOVER_PREFIX, REQUEST_ORDER_PREFIX, REQUEST_PREFIX } from "../keys.ts";
import type { RecordKind } from "../record-table.ts";
import { executionBytes, executionIndexes } from "./execution.ts";
import { isFinished, isTerminal, jobIndexes } from "./job.ts";

/** An object with its fields, beyond the texts in it. */
const OBJECT_BYTES = 512;

type Writer = ReturnType<typeof Job.encode>;

/** Its buffer serves one record after the other; `finish` copies what was written and begins anew. */
let shared: Writer | undefined;

function encoded<T>(record: T, { encode }: { encode(record: T, writer?: Writer): Writer }): Uint8Array {
  const writer = shared;
  // Taken while in use, so that a record that cannot be encoded leaves nothing behind for the next one.
  shared = undefined;
  const used = encode(record, writer);
  const bytes = used.finish();
  shared = used;
  return bytes;
}

export const JOBS: RecordKind<Job> = {
  key: jobKey,
  encode: (job) => encoded(job, Job),
  decode: (bytes) => Job.decode(bytes),
  isWarm: (job) => !isFinished(job),
  weigh: (job) => OBJECT_BYTES + 2 * job.sizeBytes,
  indexes: jobIndexes,
};

export const EXECUTIONS: RecordKind<Execution> = {
  key: executionKey,
  encode: (execution) => encoded(execution, Execution),
  decode: (bytes) => Execution.decode(bytes),
  isWarm: (execution) => !isTerminal(execution.status),
  weigh: (execution) => OBJECT_BYTES + 2 * executionBytes(execution),
  indexes: executionIndexes,
};

/** By {@link requestName} or {@link removedJobName}. */
export const REQUESTS: RecordKind<RememberedRequest> = {
  key: (name) => REQUEST_PREFIX + name,
  encode: (request) => RememberedRequest.encode(request).finish(),
  decode: (bytes) => RememberedRequest.decode(bytes),
  isWarm: () => false,
  weigh: (request) => OBJECT_BYTES + 2 * request.result.length,
};

/** By sequence number as `be64`: the name remembered under it. */
export const REQUEST_ORDER: RecordKind<string> = {
  key: (sequence) => REQUEST_ORDER_PREFIX + sequence,
  encode: toBytes,
  decode: fromBytes,
  isWarm: () => false,
  weigh: (name) => 2 * name.length,
};

/** By `<be64 index>/<job id>`. */
export const LEFTOVERS: RecordKind<Leftover> = {
  key: (id) => LEFTOVER_PREFIX + id,
  encode: (leftover) => Leftover.encode(leftover).finish(),
  decode: (bytes) => Leftover.decode(bytes),
  isWarm: () => false,
  weigh: (leftover) => OBJECT_BYTES + leftover.jobId.length,
};

/** A request id in the table of remembered requests. */
export function requestName(requestId: string): string {
  return `r:${requestId}`;
}

/** A removed job in the table of remembered requests. */
export function removedJobName(jobId: string): string {
  return `j:${jobId}`;
}
