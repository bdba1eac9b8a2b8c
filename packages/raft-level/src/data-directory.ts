/**
 * All that a node keeps on disk, opened in the one order that is safe:
 *
 *     identity.json    who the node is and which cluster it belongs to
 *     log/             the Raft log and hard state
 *     state.snapshot   the newest saved state, if a `SnapshottedStateMachine` uses it
 */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { Identity } from "@coxswain/raft-core";
import { isFounded, startIdentity } from "@coxswain/raft-core";
import { FileIdentityStore } from "./file-identity-store.ts";
import { FileSnapshotStore } from "./file-snapshot-store.ts";
import type { LevelLogStorageOptions } from "./level-log-storage.ts";
import { LevelLogStorage } from "./level-log-storage.ts";

/** All that a node keeps on disk, opened in the one order that is safe. */
export class DataDirectory {
  /** This node's, with this start counted (G2). */
  readonly identity: Identity;
  readonly identities: FileIdentityStore;
  readonly log: LevelLogStorage;
  readonly snapshots: FileSnapshotStore;

  private constructor(parts: Pick<DataDirectory, "identity" | "identities" | "log" | "snapshots">) {
    this.identity = parts.identity;
    this.identities = parts.identities;
    this.log = parts.log;
    this.snapshots = parts.snapshots;
  }

  /**
   * Makes `path` if need be, locks it, and counts this start. A node that belongs to a cluster must find its log: without
   * it, it would vote again on what it voted on (G1); and a log without its identity is not taken for a new node's.
   * Throws what its parts refuse, having closed what it had opened.
   */
  static async open(
    path: string,
    options: Omit<LevelLogStorageOptions, "mustExist" | "mustBeNew"> = {},
  ): Promise<DataDirectory> {
    const identities = new FileIdentityStore(path);
    const saved = await identities.load();
    const mustExist = saved !== undefined && isFounded(saved);
    const mustBeNew = saved === undefined;
    // The log before the identity is counted: its lock keeps out a second process, started by mistake.
    const log = await LevelLogStorage.open(join(path, "log"), { ...options, mustExist, mustBeNew });
    try {
      const identity = await startIdentity(identities, randomUUID);
      return new DataDirectory({ identity, identities, log, snapshots: new FileSnapshotStore(path) });
    } catch (error) {
      await log.close();
      throw error;
    }
  }

  /** Releases the directory. Stop the node first. May be called twice. */
  close(): Promise<void> {
    return this.log.close();
  }
}
