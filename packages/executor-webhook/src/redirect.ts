import { InvalidTaskError } from "@coxswain/executor";
import { urlOf } from "./request.ts";
import type { WebhookRequest } from "./request.ts";

/** Statuses that ask for the same request elsewhere. */
const SAME_REQUEST = new Set([307, 308]);
/** Statuses whose next request is a GET, so that a payload would be lost. */
const AS_GET = new Set([301, 302, 303]);

/** The request that follows a redirect, or why there is none. */
export type Redirection = { readonly next: WebhookRequest } | { readonly refused: string };

/**
 * What a redirect leads to. To another origin go none of the task's own headers, which may hold
 * what only the first was to know. The new target's address is checked when it is connected to,
 * as that of the first one was.
 */
export function redirectionOf(request: WebhookRequest, status: number, location: string | readonly string[] | undefined): Redirection {
  const kept = SAME_REQUEST.has(status) || (AS_GET.has(status) && (request.method === "GET" || request.method === "HEAD"));
  if (!kept) return { refused: `${status} would drop the payload of a ${request.method}` };
  const url = targetOf(request, location);
  if (!url) return { refused: "its location is no http: or https: URL without credentials" };
  if (url.protocol === "http:" && request.origin.startsWith("https:")) return { refused: "it leads from https: to http:" };
  const headers = url.origin === request.origin ? request.headers : request.ownHeaders;
  return { next: { ...request, origin: url.origin, path: `${url.pathname}${url.search}`, headers } };
}

function targetOf({ origin, path }: WebhookRequest, location: string | readonly string[] | undefined): URL | undefined {
  if (typeof location !== "string" || !URL.canParse(location, `${origin}${path}`)) return undefined;
  try {
    return urlOf(new URL(location, `${origin}${path}`).href);
  } catch (error) {
    if (error instanceof InvalidTaskError) return undefined;
    throw error;
  }
}
