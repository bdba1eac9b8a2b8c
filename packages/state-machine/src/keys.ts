/**
 * The keys of the database. All are text that sorts as its parts do: numbers as 16 hex digits
 * (64 bits, big-endian), free text ended by NUL, which no id or owner may contain.
 *
 * | key | value |
 * |---|---|
 * | `m` | meta: applied index, term, configuration, log time, settings, counters |
 * | `j/<job>` | job |
 * | `e/<job> NUL <incarnation><number>` | execution |
 * | `n/<node>` | node |
 * | `o/<owner>` | jobs of the owner by status |
 * | `a/<request>`, `w/<sequence>` | remembered request, and the order they came in (G10) |
 * | `p/<index>/<job>` | executions that a removed job left behind |
 * | `l/<status><created><incarnation><item>` | job id: listing, of all |
 * | `k/<owner> NUL <status><created><incarnation><item>` | job id: listing, of one owner |
 * | `f/<finished><incarnation><item>` | job id: finished jobs by age |
 * | `due/<ms>/<kind>/<id>` | time index (G4) |
 * | `q/<~priority><index><item>` | waiting executions in their order (G9) |
 * | `r/<execution>` | running executions |
 * | `batch/<first>` | marker: which entries one write held (G17); not part of the state |
 */
import type { ExecutionStatus } from "@coxswain/protocol";

export const META_KEY = "m";
export const JOB_PREFIX = "j/";
export const EXECUTION_PREFIX = "e/";
export const NODE_PREFIX = "n/";
export const OWNER_PREFIX = "o/";
export const REQUEST_PREFIX = "a/";
export const REQUEST_ORDER_PREFIX = "w/";
export const LEFTOVER_PREFIX = "p/";
export const LIST_PREFIX = "l/";
export const OWNER_LIST_PREFIX = "k/";
export const FINISHED_PREFIX = "f/";
export const DUE_PREFIX = "due/";
export const QUEUE_PREFIX = "q/";
export const RUNNING_PREFIX = "r/";
export const MARKER_PREFIX = "batch/";

const NUL = "\0";
const UINT32_MAX = 0xffff_ffff;

/** A whole number from 0 to 2^53 - 1 as 16 hex digits. */
export function be64(value: number): string {
  return value.toString(16).padStart(16, "0");
}

/** A whole number from 0 to 2^32 - 1 as 8 hex digits. */
export function be32(value: number): string {
  return value.toString(16).padStart(8, "0");
}

/** The first key after all that begin with `prefix`. */
export function endOf(prefix: string): string {
  return prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
}

/** Whether a text may stand in a key: not empty, at most 512 characters, none of them a control character. */
export function isKeyText(text: string): boolean {
  if (text.length === 0 || text.length > 512) return false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || code === 0x7f) return false;
  }
  return true;
}

/** What an execution id consists of. */
export interface ExecutionRef {
  readonly jobId: string;
  readonly incarnation: number;
  readonly number: number;
}

/** `<job id>.<job incarnation>.<number>`. */
export function executionId(jobId: string, incarnation: number, number: number): string {
  return `${jobId}.${incarnation}.${number}`;
}

/** The parts of an execution id, or undefined when it is none. */
export function parseExecutionId(id: string): ExecutionRef | undefined {
  const last = id.lastIndexOf(".");
  const middle = id.lastIndexOf(".", last - 1);
  if (middle < 1) return undefined;
  const incarnation = parseCount(id.slice(middle + 1, last));
  const number = parseCount(id.slice(last + 1));
  if (incarnation === undefined || number === undefined) return undefined;
  return { jobId: id.slice(0, middle), incarnation, number };
}

/** Only the canonical form, so that one execution has one id. */
function parseCount(text: string): number | undefined {
  const value = Number(text);
  return Number.isSafeInteger(value) && value > 0 && String(value) === text ? value : undefined;
}

export function jobKey(id: string): string {
  return JOB_PREFIX + id;
}

/** All executions of one job, of all its incarnations. */
export function executionsPrefix(jobId: string): string {
  return EXECUTION_PREFIX + jobId + NUL;
}

export function executionKeyOf(jobId: string, incarnation: number, number: number): string {
  return EXECUTION_PREFIX + jobId + NUL + be64(incarnation) + be64(number);
}

/** Throws for what is no execution id; commands check that first. */
export function executionKey(id: string): string {
  const ref = parseExecutionId(id);
  if (ref === undefined) throw new RangeError(`"${id}" is no execution id.`);
  return executionKeyOf(ref.jobId, ref.incarnation, ref.number);
}

export function nodeKey(id: number): string {
  return NODE_PREFIX + be32(id);
}

export function listPrefix(status: ExecutionStatus, owner?: string): string {
  return owner === undefined
    ? LIST_PREFIX + String(status)
    : OWNER_LIST_PREFIX + owner + NUL + String(status);
}

/** Priority falls, then log index and item rise. */
export function queueKey(priority: number, index: number, item: number): string {
  return QUEUE_PREFIX + be32(UINT32_MAX - priority) + be64(index) + be32(item);
}

export function runningKey(execution: string): string {
  return RUNNING_PREFIX + execution;
}

export function markerKey(firstIndex: number): string {
  return MARKER_PREFIX + be64(firstIndex);
}
