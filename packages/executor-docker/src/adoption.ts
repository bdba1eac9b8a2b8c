import type Docker from "dockerode";
import type { Exit } from "./ending.ts";

/** A container that an earlier incarnation started. */
export interface AdoptedContainer {
  readonly id: string;
  readonly startedAtMs: number;
  /** If it has ended meanwhile. */
  readonly ended: { readonly exit: Exit; readonly atMs: number } | undefined;
}

/** More than one payload writes, and one node takes in, in a millisecond. */
const WRITTEN_BYTES_PER_MS = 1024 * 1024;
const FARTHEST_OFFSET = 2 ** 50;

/** For a container that ends at once, the engine may note its start after its end. */
export function adoptedFrom({ Id: id, State: state }: Pick<Docker.ContainerInspectInfo, "Id" | "State">): AdoptedContainer {
  const startedAtMs = Date.parse(state.StartedAt);
  if (state.Running) return { id, startedAtMs, ended: undefined };
  const atMs = Math.max(startedAtMs, Date.parse(state.FinishedAt));
  return { id, startedAtMs, ended: { exit: { code: state.ExitCode, outOfMemory: state.OOMKilled }, atMs } };
}

/**
 * Where the output of an adopted attempt goes on. The engine keeps no output, so what was written before is gone, and
 * how much that was is not known. This is more than can have been, so that no offset that a reader ever had is given
 * again to other bytes: whoever reads on from there is told of a gap.
 */
export function offsetAfterAdoption(startedAtMs: number, nowMs: number): number {
  return Math.min(FARTHEST_OFFSET, (Math.max(0, nowMs - startedAtMs) + 1) * WRITTEN_BYTES_PER_MS);
}
