import type { SecurityEventFields } from "./security-events.ts";

/** Why a set of certificate files was not taken. The messages of these errors name files, and never what is in them. */
export function certificateRefused(error: unknown): SecurityEventFields["certificate.refused"] {
  const { code } = error as { readonly code?: unknown };
  return {
    cause: typeof code === "string" ? code : "UNKNOWN",
    reason: error instanceof Error ? error.message : String(error),
  };
}
