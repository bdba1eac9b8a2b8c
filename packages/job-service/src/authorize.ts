/** Who may do what: an admin everything, a client what concerns its own jobs, a node nothing in its own name. */
import type { CallerIdentity } from "./contracts.ts";
import { CallNotAllowedError, JobPermissionDeniedError } from "./errors.ts";

/** For calls about jobs, and for looking at the cluster. A node's certificate only carries other callers' requests. */
export function requireUser(caller: CallerIdentity, call: string): void {
  if (caller.name !== "" && (caller.role === "client" || caller.role === "admin")) return;
  throw new CallNotAllowedError(caller.role, call, "client or admin");
}

/** For calls that change the cluster or show everybody's commands. */
export function requireAdmin(caller: CallerIdentity, call: string): void {
  if (caller.name !== "" && caller.role === "admin") return;
  throw new CallNotAllowedError(caller.role, call, "admin");
}

/** For calls about one job that exists. */
export function requireOwner(caller: CallerIdentity, job: { readonly owner: string }): void {
  if (caller.role === "admin" || job.owner === caller.name) return;
  throw new JobPermissionDeniedError();
}

/** Whose job a command may touch when it is applied: by then another may have been stored under the id. Empty: anybody's. */
export function ownerMeant(caller: CallerIdentity): string {
  return caller.role === "admin" ? "" : caller.name;
}
