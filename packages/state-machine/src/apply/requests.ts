/**
 * Remembered requests and removed jobs: what tells a late retry from a new request (G10).
 *
 * They are numbered in the order they came, so that the oldest are found by number. Each is
 * kept for two request windows: one for ids made before now, one for clocks that run ahead.
 */
import type { RememberedRequest } from "@coxswain/protocol";
import { be64 } from "../keys.ts";
import type { State } from "../state.ts";
import type { Reads } from "./context.ts";

/** Forgotten with each one that is added, at most; so the table shrinks while it is used. */
const FORGOTTEN_PER_STEP = 2;
const UUID_V7 = /^([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;

/** When an id was made, if it is a UUIDv7; otherwise 0. */
export function idTimeMs(id: string): number {
  const match = UUID_V7.exec(id);
  return match === null ? 0 : Number.parseInt(`${match[1] ?? ""}${match[2] ?? ""}`, 16);
}

/** Whether an id was made outside of the window around log time. 0 says nothing. */
export function isExpired(state: State, madeAtMs: number, timeMs: number): boolean {
  if (madeAtMs === 0) return false;
  return Math.abs(timeMs - madeAtMs) > state.meta.limits().requestWindowMs;
}

/** Whether there is anything in the table. */
export function remembersAny(state: State): boolean {
  return state.meta.nextRequest > state.meta.firstRequest;
}

/** Declares what {@link forgetOld} reads. */
export function readOld(state: State, reads: Reads, count: number = FORGOTTEN_PER_STEP): void {
  const { firstRequest, nextRequest } = state.meta;
  for (let sequence = firstRequest; sequence < Math.min(nextRequest, firstRequest + count); sequence++) {
    reads.requestOrder(sequence);
    const name = state.requestOrder.peek(be64(sequence))?.record;
    if (name !== undefined) reads.request(name);
  }
}

/** Adds to the table. The name must have been read. */
export function remember(state: State, name: string, request: Omit<RememberedRequest, "sequence">): void {
  const sequence = state.meta.nextRequest;
  state.meta.nextRequest += 1;
  state.requests.put(name, { ...request, sequence });
  state.requestOrder.keepRead(be64(sequence), undefined);
  state.requestOrder.put(be64(sequence), name);
}

/** Forgets the oldest while they are older than two windows. Gives how many. */
export function forgetOld(state: State, timeMs: number, count: number = FORGOTTEN_PER_STEP): number {
  const keptMs = 2 * state.meta.limits().requestWindowMs;
  let forgotten = 0;
  while (forgotten < count && remembersAny(state)) {
    const order = be64(state.meta.firstRequest);
    const name = state.requestOrder.get(order);
    const request = name === undefined ? undefined : state.requests.get(name);
    if (request !== undefined && request.timeMs + keptMs >= timeMs) break;
    if (name !== undefined) state.requests.put(name, undefined);
    state.requestOrder.put(order, undefined);
    state.meta.firstRequest += 1;
    forgotten += 1;
  }
  return forgotten;
}
