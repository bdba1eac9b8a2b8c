import { Metadata, status } from "@grpc/grpc-js";
import { isCategorizedError } from "./error-category.ts";
import { grpcStatusOf } from "./status-table.ts";

/** Metadata keys under which a typed error and the leader's address travel. */
export const metadataKeys = {
  code: "cox-error-code",
  category: "cox-error-category",
  leader: "cox-leader",
} as const;

/** What grpc-js wants of a handler that fails. */
export interface StatusResponse {
  readonly code: status;
  readonly details: string;
  readonly metadata: Metadata;
}

const maxDetailsCodePoints = 512;

/**
 * `text` fit for a status: without lone surrogates, on which grpc-js's percent encoding throws and takes the
 * process along, and cut between code points, so that the cut makes no new ones.
 */
export function truncateDetails(text: string): string {
  // A lone surrogate is its own code point for the `u` flag; a pair is not.
  const wellFormed = text.slice(0, 4 * maxDetailsCodePoints).replaceAll(/\p{Surrogate}/gu, "\uFFFD");
  const codePoints = [...wellFormed];
  return codePoints.length <= maxDetailsCodePoints
    ? wellFormed
    : `${codePoints.slice(0, maxDetailsCodePoints - 1).join("")}\u2026`;
}

/**
 * Translates whatever a handler threw. Typed errors keep code, category and message; of all others the caller
 * learns only that the server failed, since their text may hold anything.
 */
export function statusFromError(error: unknown, leader?: string): StatusResponse {
  const metadata = new Metadata();
  setLeaderHint(metadata, leader);
  if (!isCategorizedError(error)) {
    metadata.set(metadataKeys.code, "INTERNAL");
    metadata.set(metadataKeys.category, "internal");
    return {
      code: status.INTERNAL,
      details: "The server failed on this request; its log says why.",
      metadata,
    };
  }
  metadata.set(metadataKeys.code, error.code.replaceAll(/[^\x20-\x7e]/g, "?"));
  metadata.set(metadataKeys.category, error.category);
  return { code: grpcStatusOf(error), details: truncateDetails(error.message), metadata };
}

const addressForm = /^[\x21-\x7e]{1,300}$/;

/** Puts the leader's address into `metadata`, unless it is unknown or no header could carry it. */
export function setLeaderHint(metadata: Metadata, leader: string | undefined): void {
  if (leader !== undefined && addressForm.test(leader)) metadata.set(metadataKeys.leader, leader);
}
