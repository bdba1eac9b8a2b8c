import type { ContainerTarget } from "@coxswain/executor";
import { MARKER } from "./labels.ts";

/**
 * A container in the guard's words. Its marker is in the environment of its init, which the guard finds and kills
 * whether the engine answers or not; its label is what the engine knows it by, also while it has no process.
 */
export function guardTarget(marker: string, socketPath: string): ContainerTarget {
  return { kind: "container", marker: `COX_RUN=${marker}`, socketPath, label: `${MARKER}=${marker}` };
}
