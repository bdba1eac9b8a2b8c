import { RaftError } from "../errors.ts";

/** A snapshot that arrived cannot be read as a state; the old state stands, and the leader sends another. */
export class DamagedSnapshotError extends RaftError {
  readonly code = "SNAPSHOT_DAMAGED" as const;
  readonly category = "invalid" as const;
}
