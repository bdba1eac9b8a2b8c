/**
 * Page tokens: where a listing goes on, and what its first page counted. They name the filter
 * they belong to, so that a token of another listing is refused instead of misread.
 */
import { crc32c } from "@coxswain/raft-core";
import { toBytes } from "../disk/text.ts";
import { InvalidPageTokenError } from "../errors.ts";
import { be32 } from "../keys.ts";
import type { JobFilter } from "./types.ts";

/** What a token says. */
export interface PageStart {
  /** The last position of the page before. */
  readonly position: string;
  readonly totalCount: number;
  readonly totalIsExact: boolean;
}

const TOKEN = /^1([0-9a-f]{40})([0-9a-f]{8})([01])([0-9]{1,15})$/;

export function encodePageToken(filter: JobFilter, start: PageStart): string {
  return `1${start.position}${fingerprint(filter)}${start.totalIsExact ? "1" : "0"}${start.totalCount}`;
}

/** Throws {@link InvalidPageTokenError}. Undefined for a first page. */
export function decodePageToken(filter: JobFilter): PageStart | undefined {
  if (filter.pageToken === undefined || filter.pageToken === "") return undefined;
  const match = TOKEN.exec(filter.pageToken);
  const [, position, of, exact, total] = match ?? [];
  if (position === undefined || of !== fingerprint(filter)) {
    throw new InvalidPageTokenError("The page token is not one of this listing. List again from the start.");
  }
  return { position, totalCount: Number(total), totalIsExact: exact === "1" };
}

function fingerprint(filter: JobFilter): string {
  const { owner, status, createdAfterMs, createdBeforeMs, nodeId, command } = filter;
  return be32(
    crc32c(toBytes(JSON.stringify([owner, status, createdAfterMs, createdBeforeMs, nodeId, command]))),
  );
}
