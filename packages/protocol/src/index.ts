/**
 * The messages and services of Coxswain on the wire, generated from `protos/coxswain`.
 *
 * 64-bit integers are plain numbers; a `oneof` is a union tagged by `$case`; enums are objects of literals.
 *
 * @example
 * const bytes = SubmitJobRequest.encode(SubmitJobRequest.fromPartial({ command: "echo hello" })).finish();
 * SubmitJobRequest.decode(bytes).command; // "echo hello"
 *
 * @packageDocumentation
 */
export * from "./gen/coxswain/v1/store.ts";
export * from "./gen/coxswain/v1/command.ts";
export * from "./gen/coxswain/v1/scheduler.ts";
export * from "./gen/coxswain/v1/cluster.ts";
export * from "./gen/coxswain/v1/job_worker.ts";
export * from "./gen/coxswain/v1/internal.ts";
