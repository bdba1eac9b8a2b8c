/**
 * Runs tasks as HTTP requests: POST with a JSON body, 2xx is success, and everything else has
 * a type of its own. A request is sent once; a retry is a new attempt, which its receiver can
 * tell by the headers `Idempotency-Key` (the execution) and `Coxswain-Attempt` (G15).
 *
 * Only public addresses are reached, unless `allow` says otherwise, also behind a redirect,
 * of which none is followed unless `maxRedirects` says so; proxies of the environment are not used.
 *
 * @example
 * const executor = new WebhookExecutor({ allow: ["127.0.0.1/32"] });
 * const task = await executor.start({ task: { kind: "webhook", url: "http://127.0.0.1:8080/done" }, timeoutMs: 5_000 }, context);
 * const { outcome, httpStatus, errorType } = await task.result;
 * await executor.close();
 */
export { signatureOf } from "./signature.ts";
export type { SignedRequest } from "./signature.ts";
export { TargetPolicy, TargetRefusedError } from "./target-policy.ts";
export { WebhookExecutor } from "./webhook-executor.ts";
export type { Lookup, WebhookExecutorOptions } from "./webhook-options.ts";
