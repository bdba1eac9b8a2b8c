/** `JobWorker` on the wire: a thin edge over the job service. */
import type { JobService } from "@coxswain/job-service";
import type { JobWorkerServer } from "@coxswain/protocol";
import { wrapServerStream, wrapUnary } from "@coxswain/rpc";
import type { HandlerOptions } from "@coxswain/rpc";
import { timeOf } from "./scheduler-service.ts";

/** What a handler needs of the job service. */
export type JobWorkerCalls = Pick<JobService, "start" | "stop" | "status" | "logs">;

/** For `server.addService(JobWorkerService, ...)`. The caller is who its certificate says; nothing in a request changes that. */
export function jobWorkerServiceImplementation(
  service: JobWorkerCalls,
  options: HandlerOptions = {},
): JobWorkerServer {
  return {
    start: wrapUnary((request, context) => service.start(context.peer, request, timeOf(context)), options),
    stop: wrapUnary((request, context) => service.stop(context.peer, request, timeOf(context)), options),
    status: wrapUnary((request, context) => service.status(context.peer, request, timeOf(context)), options),
    logs: wrapServerStream(
      (request, context) =>
        service.logs(context.peer, request, { ...timeOf(context), signal: context.signal }),
      options,
    ),
  };
}
