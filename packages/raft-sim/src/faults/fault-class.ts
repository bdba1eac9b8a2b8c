/** What can be left out of a run, to see whether a failure needs it. */
export const FAULT_CLASSES = [
  "loss",
  "duplication",
  "reordering",
  "latecomers",
  "partitions",
  "crashes",
  "storageCrashes",
  "survivingWrites",
  "slowDisks",
  "bitFlips",
  "stateLoss",
  "diskLoss",
  "skew",
  "pauses",
  "snapshots",
  "brokenInstalls",
  "transfers",
  "membership",
  "reads",
  "leases",
  "slowApply",
  "batching",
  "smallWindows",
] as const;

/** One kind of misfortune, which a run may do without. */
export type FaultClass = (typeof FAULT_CLASSES)[number];

/** Whether it names one. */
export function isFaultClass(text: string): text is FaultClass {
  return (FAULT_CLASSES as readonly string[]).includes(text);
}
