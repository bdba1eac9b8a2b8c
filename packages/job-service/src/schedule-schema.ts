/** When a job may ask to run, and how its executions may ask to be treated. */
import { z } from "zod";
import type { Policy, Schedule } from "@coxswain/protocol";
import { cronProblem } from "./first-due.ts";
import type { RequestLimits } from "./limits.ts";
import { boundedText, MAX_INSTANT_MS, wholeNumber } from "./text-rules.ts";

const instant = wholeNumber(0, MAX_INSTANT_MS);

/** The shape alone: whether a schedule has anything left to fire is found out where its first due instant is computed. */
export const scheduleSchema: z.ZodType<Schedule> = z.object({
  kind: z
    .discriminatedUnion(
      "$case",
      [
        z.object({ $case: z.literal("now"), value: z.object({}) }),
        z.object({ $case: z.literal("at"), value: z.object({ atMs: wholeNumber(1, MAX_INSTANT_MS) }) }),
        z.object({ $case: z.literal("cron"), value: cronSchedule() }),
      ],
      { error: "must be one of now, at and cron" },
    )
    .optional(),
}) as z.ZodType<Schedule>;

function cronSchedule() {
  return z
    .object({
      expression: boundedText(256),
      timeZone: boundedText(64),
      firstMs: instant,
      lastMs: instant,
    })
    .refine((cron) => cron.lastMs === 0 || cron.lastMs >= cron.firstMs, {
      path: ["lastMs"],
      message: "must not lie before firstMs",
    })
    .superRefine((cron, context) => {
      const found = cronProblem(cron);
      if (found !== undefined)
        context.addIssue({ code: "custom", path: [found.field], message: found.problem });
    });
}

/** 0 always stands for the default. */
export function policySchema(limits: RequestLimits): z.ZodType<Policy> {
  return z
    .object({
      maxAttempts: wholeNumber(0, limits.maxAttempts),
      timeoutMs: wholeNumber(0, limits.maxTimeoutMs),
      retryInitialMs: wholeNumber(0, limits.maxRetryMs),
      retryMaxMs: wholeNumber(0, limits.maxRetryMs),
      onNodeLoss: wholeNumber(0, 2),
      misfire: wholeNumber(0, 3),
      priority: wholeNumber(0, limits.maxPriority),
    })
    .refine((policy) => policy.retryMaxMs === 0 || policy.retryMaxMs >= policy.retryInitialMs, {
      path: ["retryMaxMs"],
      message: "must not be less than retryInitialMs",
    }) as z.ZodType<Policy>;
}
