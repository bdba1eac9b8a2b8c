/**
 * Where the state stands: one record, written with each batch.
 */
import { StoreCounters, StoreMeta, type ClusterSettings } from "@coxswain/protocol";
import type { Configuration, SnapshotMeta } from "@coxswain/raft-core";
import { FeatureLevelError } from "./errors.ts";
import { DEFAULT_SETTINGS } from "./settings.ts";

/** The newest meaning level that this software knows (G7). */
export const SUPPORTED_FEATURE_LEVEL = 1;

/** The decoded meta record. Changed by apply alone. */
export class Meta {
  appliedIndex = 0;
  appliedTerm = 0;
  configuration: Configuration = { voters: [], votersOutgoing: [], learners: [] };
  logTimeMs = 0;
  featureLevel = 0;
  settings: ClusterSettings | undefined;
  counters: StoreCounters = StoreCounters.create();
  firstRequest = 0;
  nextRequest = 0;

  /** Throws {@link FeatureLevelError} when the state means more than this software knows. */
  static decode(bytes: Uint8Array): Meta {
    const record = StoreMeta.decode(bytes);
    requireFeatureLevel(record.featureLevel);
    const meta = new Meta();
    meta.appliedIndex = record.appliedIndex;
    meta.appliedTerm = record.appliedTerm;
    const { voters, votersOutgoing, learners } = record;
    meta.configuration = { voters, votersOutgoing, learners };
    meta.logTimeMs = record.logTimeMs;
    meta.featureLevel = record.featureLevel;
    meta.settings = record.settings;
    meta.counters = record.counters ?? StoreCounters.create();
    meta.firstRequest = record.firstRequest;
    meta.nextRequest = record.nextRequest;
    return meta;
  }

  encode(): Uint8Array {
    const { voters, votersOutgoing, learners } = this.configuration;
    const {
      appliedIndex,
      appliedTerm,
      logTimeMs,
      featureLevel,
      settings,
      counters,
      firstRequest,
      nextRequest,
    } = this;
    return StoreMeta.encode({
      appliedIndex,
      appliedTerm,
      logTimeMs,
      featureLevel,
      settings,
      counters,
      firstRequest,
      nextRequest,
      voters: [...voters],
      votersOutgoing: [...votersOutgoing],
      learners: [...learners],
    }).finish();
  }

  /** The limits in force. */
  limits(): Readonly<ClusterSettings> {
    return this.settings ?? DEFAULT_SETTINGS;
  }

  /** As Raft speaks of it. */
  point(): SnapshotMeta {
    return {
      index: this.appliedIndex,
      term: this.appliedTerm,
      configuration: this.configuration,
      featureLevel: this.featureLevel,
    };
  }
}

/** Throws {@link FeatureLevelError} for a level that this software does not know. */
export function requireFeatureLevel(level: number): void {
  if (level <= SUPPORTED_FEATURE_LEVEL) return;
  throw new FeatureLevelError(
    `The state is at feature level ${level}; this version knows up to ${SUPPORTED_FEATURE_LEVEL}. Upgrade this node, then start it again.`,
  );
}
