import { AttemptRegister, checkAttempt } from "@coxswain/executor";
import type { AttemptContext, Availability, Executor, RunningTask, TaskSpec } from "@coxswain/executor";
import { Agent } from "undici";
import { checkedConnector } from "./connector.ts";
import { requestOf } from "./request.ts";
import { TargetPolicy } from "./target-policy.ts";
import { WebhookAttempt } from "./webhook-attempt.ts";
import type { Sending } from "./webhook-attempt.ts";
import type { WebhookExecutorOptions } from "./webhook-options.ts";

/** Runs `webhook` tasks: one HTTP request each, never repeated, and redirected only where the options say so. */
export class WebhookExecutor implements Executor {
  readonly kind = "webhook";
  readonly #agent: Agent;
  readonly #sending: Sending;
  readonly #register = new AttemptRegister<WebhookAttempt>();

  /** Throws a RangeError when `allow` holds something that is no CIDR. */
  constructor(options: WebhookExecutorOptions = {}) {
    this.#agent = new Agent({
      connect: checkedConnector(new TargetPolicy(options.allow ?? []), options),
      connections: options.connectionsPerOrigin ?? 16,
      keepAliveTimeout: options.idleTimeoutMs ?? 4_000,
      pipelining: 1,
      // The attempt's own limit covers both.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    this.#sending = {
      agent: this.#agent,
      bodyMaxBytes: options.bodyMaxBytes ?? 64 * 1024,
      maxRedirects: options.maxRedirects ?? 0,
      signingSecret: options.signingSecret,
    };
  }

  async start(spec: TaskSpec, context: AttemptContext): Promise<RunningTask> {
    this.#register.checkOpen();
    const task = checkAttempt(this.kind, spec, context);
    const request = requestOf(task, context);
    return this.#register.add(
      context.ref,
      () => new WebhookAttempt(request, spec.timeoutMs, context, this.#sending),
    );
  }

  async available(): Promise<Availability> {
    return { ok: true };
  }

  async close(): Promise<void> {
    await this.#register.close();
    await this.#agent.destroy();
  }
}
