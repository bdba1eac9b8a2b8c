import { MemoryGuard, silentLogger, systemClock } from "@coxswain/executor";
import type { AttemptContext, RunningTask, TaskResult, WebhookTask } from "@coxswain/executor";
import { WebhookExecutor } from "../src/index.ts";
import type { WebhookExecutorOptions } from "../src/index.ts";

export const context: AttemptContext = {
  ref: { executionId: "bill.7.3", attempt: 2 },
  jobId: "bill",
  jobType: "recurrente",
  dueMs: Date.UTC(2026, 0, 2, 3, 4, 5),
  guard: new MemoryGuard(),
  logger: silentLogger,
  clock: systemClock,
};

/** An executor that may reach loopback unless told otherwise. */
export class Bench {
  readonly executor: WebhookExecutor;

  constructor(options: WebhookExecutorOptions = {}) {
    this.executor = new WebhookExecutor({ allow: ["127.0.0.0/8"], ...options });
  }

  start(task: Omit<WebhookTask, "kind">, timeoutMs = 60_000, more: Partial<AttemptContext> = {}): Promise<RunningTask> {
    return this.executor.start({ task: { kind: "webhook", ...task }, timeoutMs }, { ...context, ...more });
  }

  async finish(
    task: Omit<WebhookTask, "kind">,
    timeoutMs?: number,
    more?: Partial<AttemptContext>,
  ): Promise<{ result: TaskResult; output: string; task: RunningTask }> {
    const running = await this.start(task, timeoutMs, more);
    const result = await running.result;
    return { result, output: Buffer.from(running.output.tail(Infinity)).toString(), task: running };
  }
}
