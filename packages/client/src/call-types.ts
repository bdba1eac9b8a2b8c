import type { CoxswainClientError } from "./errors.ts";
import type { ExecutionView, JobListItem, Status } from "./job-views.ts";

export interface CallOptions {
  /** How long to try in all. Default: the client's. */
  readonly timeoutMs?: number;
}

export interface ReadOptions extends CallOptions {
  /** Take the asked node's own state, which may lag. Default false: see every write acknowledged before. */
  readonly stale?: boolean;
}

export interface Submitted {
  readonly jobId: string;
  readonly createdAtMs: number;
  /** It was there before, with the same content. */
  readonly existed: boolean;
}

/** What became of one of many submits. */
export type SubmitOutcome =
  | { readonly ok: true; readonly job: Submitted }
  | { readonly ok: false; readonly error: CoxswainClientError };

export interface ListFilter {
  readonly status?: Status;
  /** Node that the newest attempt was assigned to. */
  readonly workerId?: number;
  /** Substring of the command, any case. */
  readonly command?: string;
  readonly createdAfterMs?: number;
  readonly createdBeforeMs?: number;
  /** Only for admins. */
  readonly owner?: string;
}

export interface ListOptions extends ListFilter, ReadOptions {
  /** Default 100; at most 1000. */
  readonly pageSize?: number;
  readonly pageToken?: string;
}

export interface JobPage {
  readonly jobs: readonly JobListItem[];
  /** For the next page; undefined on the last. */
  readonly nextPageToken: string | undefined;
  /** Jobs that match owner and status; the other filters are not counted in. */
  readonly totalCount: number;
}

export interface ExecutionPage {
  /** Newest first. */
  readonly executions: readonly ExecutionView[];
  readonly nextPageToken: string | undefined;
}

export interface WaitOptions {
  /** How long to wait. Default: no limit. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}
