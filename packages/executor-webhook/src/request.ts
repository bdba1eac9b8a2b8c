import { isUtf8 } from "node:buffer";
import { InvalidTaskError } from "@coxswain/executor";
import type { AttemptContext, WebhookTask } from "@coxswain/executor";

/** A checked request, all but its moment. */
export interface WebhookRequest {
  readonly origin: string;
  readonly path: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Those of the headers that the task did not name: for any origin to see. */
  readonly ownHeaders: Readonly<Record<string, string>>;
  readonly idempotencyKey: string;
  readonly attempt: string;
  /** Undefined for methods that carry none. */
  readonly body: ((executedAtMs: number) => string) | undefined;
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** What belongs to the connection or to us (G15). */
const RESERVED = new Set([
  "host",
  "connection",
  "content-length",
  "expect",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "idempotency-key",
  "coxswain-attempt",
  "coxswain-signature",
]);
const WITHOUT_BODY = new Set(["GET", "HEAD", "OPTIONS"]);
/** They mean something else than a request to a resource. */
const REFUSED_METHODS = new Set(["CONNECT", "TRACE", "PRI"]);

/** @throws {InvalidTaskError} */
export function requestOf(task: WebhookTask, context: AttemptContext): WebhookRequest {
  const url = urlOf(task.url);
  const method = methodOf(task.method);
  const hasBody = !WITHOUT_BODY.has(method);
  const payload = task.payload ?? new Uint8Array();
  if (!hasBody && payload.length > 0) throw new InvalidTaskError(`${method} carries no payload; use POST.`);
  const idempotencyKey = headerText(context.ref.executionId);
  const attempt = String(context.ref.attempt);
  const common = { "user-agent": "coxswain", ...(hasBody ? { "content-type": "application/json" } : {}) };
  const identity = { "idempotency-key": idempotencyKey, "coxswain-attempt": attempt };
  return {
    origin: url.origin,
    path: `${url.pathname}${url.search}`,
    method,
    headers: { ...common, ...headersOf(task.headers ?? {}), ...identity },
    ownHeaders: { ...common, ...identity },
    idempotencyKey,
    attempt,
    body: hasBody ? (executedAtMs) => bodyOf(payload, context, executedAtMs) : undefined,
  };
}

/** @throws {InvalidTaskError} */
export function urlOf(text: string): URL {
  // URL would silently drop line breaks and tabs.
  if (!isPrintable(text) || /\s/.test(text)) throw new InvalidTaskError("url must not contain spaces or control characters.");
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url) throw new InvalidTaskError(`url: ${JSON.stringify(text)} is no URL; write it like https://host/path.`);
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new InvalidTaskError(`url: ${url.protocol} is not supported; use http: or https:.`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new InvalidTaskError("url must not contain a user or password; set the authorization header.");
  }
  return url;
}

function methodOf(text: string | undefined): string {
  const method = (text === undefined || text === "" ? "POST" : text).toUpperCase();
  if (!TOKEN.test(method) || REFUSED_METHODS.has(method)) {
    throw new InvalidTaskError(`method: ${JSON.stringify(text)} is not supported; use one such as POST, PUT or GET.`);
  }
  return method;
}

function headersOf(headers: Readonly<Record<string, string>>): Record<string, string> {
  const checked = new Map<string, string>();
  for (const [name, value] of Object.entries(headers)) {
    const key = name.toLowerCase();
    if (!TOKEN.test(name)) throw new InvalidTaskError(`headers: ${JSON.stringify(name)} is no header name.`);
    if (RESERVED.has(key)) throw new InvalidTaskError(`headers: ${name} is set by the executor; leave it out.`);
    if (checked.has(key)) throw new InvalidTaskError(`headers: ${name} is given twice.`);
    if (!isPrintable(value.replaceAll("\t", " "), 0xff)) {
      throw new InvalidTaskError(`headers: the value of ${name} must be Latin-1 without control characters.`);
    }
    checked.set(key, value);
  }
  return Object.fromEntries(checked);
}

/** No control characters, among them CR, LF and NUL. */
function isPrintable(text: string, highest = 0x10ffff): boolean {
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x20 || code === 0x7f || code > highest) return false;
  }
  return true;
}

/** Ids may be any text; a header's value may not. Ids of visible ASCII stay as they are. */
const headerText = (id: string): string => id.replace(/[^\x21-\x7e]/gu, (character) => encodeURIComponent(character));

/**
 * The body that receivers of the origin system know, with the execution's identity added. A
 * payload that is JSON is put in as it was written, so that no digit of it is lost.
 */
function bodyOf(payload: Uint8Array, { ref, jobId, jobType, dueMs }: AttemptContext, executedAtMs: number): string {
  const known = JSON.stringify({
    job_id: jobId,
    type: jobType ?? null,
    executed_at: new Date(executedAtMs).toISOString(),
    execution_id: ref.executionId,
    attempt: ref.attempt,
    due_at: new Date(dueMs).toISOString(),
  });
  return `${known.slice(0, -1)},${payloadMember(payload)}}`;
}

function payloadMember(payload: Uint8Array): string {
  if (payload.length === 0) return `"payload":null`;
  if (!isUtf8(payload)) return `"payload_base64":"${Buffer.from(payload).toString("base64")}"`;
  const text = Buffer.from(payload).toString("utf8");
  return `"payload":${isJson(text) ? text : JSON.stringify(text)}`;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
