/** What a task may look like. Nothing here starts anything: what passes is literal text for an executor. */
import { z } from "zod";
import type { Task } from "@coxswain/protocol";
import type { RequestLimits } from "./limits.ts";
import { resourceLimits } from "./resource-schema.ts";
import { boundedText, environment, sizeBytes, textMap, TOKEN_PATTERN } from "./text-rules.ts";

const METHODS: ReadonlySet<string> = new Set([
  "",
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "OPTIONS",
]);

/** Set by the executor itself (G15), or by HTTP. */
const RESERVED_HEADERS: ReadonlySet<string> = new Set([
  "idempotency-key",
  "coxswain-attempt",
  "host",
  "connection",
  "content-length",
  "transfer-encoding",
  "upgrade",
  "te",
  "trailer",
  "expect",
]);

// An image reference: registry with port, path, tag, digest. Never an option of a command line.
const IMAGE_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._/:@-]{0,254}$/;

// Bytes that would end a header line, or do nothing good inside one.
const HEADER_VALUE_PATTERN = /^[\t\x20-\x7e\x80-\uffff]*$/;

export function taskSchema(limits: RequestLimits): z.ZodType<Task> {
  return z.object({
    kind: z.discriminatedUnion(
      "$case",
      [
        z.object({ $case: z.literal("process"), value: processTask(limits) }),
        z.object({ $case: z.literal("docker"), value: dockerTask(limits) }),
        z.object({ $case: z.literal("webhook"), value: webhookTask(limits) }),
        z.object({ $case: z.literal("none"), value: z.object({}) }),
      ],
      { error: "must be one of process, docker, webhook and none" },
    ),
  }) as z.ZodType<Task>;
}

function commandFields(limits: RequestLimits) {
  return {
    shell: boundedText(limits.maxCommandBytes),
    argv: z
      .array(boundedText(limits.maxCommandBytes))
      .max(limits.maxArguments, `must have at most ${String(limits.maxArguments)} words`)
      .refine(
        (words) => words.reduce((sum, word) => sum + sizeBytes(word), 0) <= limits.maxCommandBytes,
        `must be at most ${String(limits.maxCommandBytes)} bytes in all`,
      )
      .refine((words) => words.length === 0 || words[0] !== "", "must begin with the name of a program"),
    env: environment(limits.maxEnvEntries, limits.maxEnvBytes),
    workingDirectory: boundedText(4_096).refine(
      (path) => path === "" || path.startsWith("/"),
      "must be an absolute path",
    ),
    limits: resourceLimits.optional(),
  };
}

function processTask(limits: RequestLimits) {
  return z
    .object(commandFields(limits))
    .refine(
      (task) => hasText(task.shell) !== task.argv.length > 0,
      "either shell or argv must be set, and not both",
    );
}

function dockerTask(limits: RequestLimits) {
  return (
    z
      .object({
        ...commandFields(limits),
        // Empty stands for the default of the cluster.
        image: z.string().regex(IMAGE_PATTERN, "must be the name of an image").or(z.literal("")),
      })
      // Neither is fine here: the image has a command of its own.
      .refine((task) => !(task.shell !== "" && task.argv.length > 0), "not both of shell and argv may be set")
  );
}

function webhookTask(limits: RequestLimits) {
  return z
    .object({
      url: boundedText(limits.maxUrlBytes).superRefine((url, context) => {
        const problem = urlProblem(url);
        if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
      }),
      method: z
        .string()
        .refine(
          (method) => METHODS.has(method),
          "must be empty or one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
        ),
      headers: textMap(limits.maxHeaders, limits.maxHeaderBytes, headerProblem),
      payload: z
        .instanceof(Uint8Array)
        .refine(
          (payload) => payload.byteLength <= limits.maxPayloadBytes,
          `must be at most ${String(limits.maxPayloadBytes)} bytes`,
        ),
    })
    .refine((task) => task.payload.byteLength === 0 || (task.method !== "GET" && task.method !== "HEAD"), {
      path: ["payload"],
      message: "must be empty with GET and HEAD",
    });
}

function urlProblem(text: string): string | undefined {
  // The parser drops tabs and line breaks in silence; what was checked must be what is sent.
  if ([...text].some((character) => character <= " " || character === "\x7f")) {
    return "must not contain spaces or control characters";
  }
  if (!URL.canParse(text)) return "must be an absolute URL";
  const url = new URL(text);
  if (url.protocol !== "http:" && url.protocol !== "https:") return "must begin with http:// or https://";
  if (url.username !== "" || url.password !== "")
    return "must not carry a user or password; send a header instead";
  return undefined;
}

function headerProblem(name: string, value: string): string | undefined {
  if (!TOKEN_PATTERN.test(name)) return "names must be HTTP tokens";
  if (RESERVED_HEADERS.has(name.toLowerCase())) return "this header is set by Coxswain or by HTTP itself";
  return HEADER_VALUE_PATTERN.test(value)
    ? undefined
    : "values must not contain line breaks or control characters";
}

function hasText(text: string): boolean {
  return text.trim() !== "";
}
