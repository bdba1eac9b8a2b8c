/**
 * What limits a task may name. These bounds only tell sense from nonsense; whether a node grants and can hold
 * what is asked is its own to say, before it creates anything.
 */
import { z } from "zod";
import type { ResourceLimits } from "@coxswain/protocol";
import { wholeNumber } from "./text-rules.ts";

const MAX_BYTES = 2 ** 50;
/** The kernel takes no less than 1 ms in 100 ms. */
const LEAST_CPUS = 0.01;
const MAX_CPUS = 4_096;
/** PID_MAX_LIMIT of 64-bit Linux. */
const MAX_PIDS = 2 ** 22;
/** Linux lets no process have more unless told otherwise. */
const MAX_OPEN_FILES = 2 ** 20;

const cpus = z
  .number({ error: "must be a number" })
  .refine(
    (share) => share >= LEAST_CPUS && share <= MAX_CPUS,
    `must be from ${String(LEAST_CPUS)} to ${String(MAX_CPUS)}`,
  );

export const resourceLimits: z.ZodType<ResourceLimits> = z.object({
  memoryBytes: wholeNumber(1, MAX_BYTES).optional(),
  swapBytes: wholeNumber(0, MAX_BYTES).optional(),
  cpus: cpus.optional(),
  pids: wholeNumber(1, MAX_PIDS).optional(),
  ioBytesPerSecond: wholeNumber(1, MAX_BYTES).optional(),
  tmpfsBytes: wholeNumber(1, MAX_BYTES).optional(),
  openFiles: wholeNumber(1, MAX_OPEN_FILES).optional(),
}) as z.ZodType<ResourceLimits>;
