/** Rules for text that ends up in a process, a header or a key. Sizes are bytes of UTF-8. */
import { LAST_INSTANT_MS } from "@coxswain/cron";
import { z } from "zod";

/** Bytes of a text as UTF-8. */
export function sizeBytes(text: string): number {
  return Buffer.byteLength(text, "utf8");
}

/** Job ids: part of keys and file names, so neither separators nor names that mean a directory. */
export const JOB_ID_PATTERN: RegExp = /^(?!\.+$)[A-Za-z0-9._-]{1,128}$/;

/** RFC 9110, 5.6.2. */
export const TOKEN_PATTERN: RegExp = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

const ENV_NAME_PATTERN = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Text without NUL, of bounded size. */
export function boundedText(maxBytes: number): z.ZodType<string> {
  return z
    .string()
    .refine((text) => sizeBytes(text) <= maxBytes, `must be at most ${String(maxBytes)} bytes`)
    .refine((text) => !text.includes("\0"), "must not contain NUL");
}

/** A job id that must be there. */
export const jobIdText: z.ZodType<string> = z
  .string()
  .regex(JOB_ID_PATTERN, "must be 1 to 128 of A-Z a-z 0-9 . _ -, and not only dots");

/** A request id: as a job id, or empty for one made by the server. */
export const requestIdText: z.ZodType<string> = z.union([z.literal(""), jobIdText]);

/** A whole number within bounds; 64-bit values beyond 2^53 do not pass. */
export function wholeNumber(min: number, max: number): z.ZodType<number> {
  return z
    .number()
    .refine((value) => Number.isSafeInteger(value), "must be a whole number")
    .refine((value) => value >= min && value <= max, `must be from ${String(min)} to ${String(max)}`);
}

/** The last instant that a schedule can name: the end of the year 9999. */
export const MAX_INSTANT_MS: number = LAST_INSTANT_MS;

/** An environment, as given to a process. */
export function environment(maxEntries: number, maxBytes: number): z.ZodType<Record<string, string>> {
  return textMap(maxEntries, maxBytes, (name, value) => {
    if (!ENV_NAME_PATTERN.test(name))
      return "names must be letters, digits and _, not beginning with a digit";
    return value.includes("\0") ? "values must not contain NUL" : undefined;
  });
}

/** A map of texts with limits on its entries, on its bytes, and a rule for each entry. */
export function textMap(
  maxEntries: number,
  maxBytes: number,
  rule: (name: string, value: string) => string | undefined,
): z.ZodType<Record<string, string>> {
  return z.record(z.string(), z.string()).superRefine((map, context) => {
    const entries = Object.entries(map);
    const report = (message: string): void => {
      context.addIssue({ code: "custom", message });
    };
    if (entries.length > maxEntries) report(`must have at most ${String(maxEntries)} entries`);
    const bytes = entries.reduce((sum, [name, value]) => sum + sizeBytes(name) + sizeBytes(value), 0);
    if (bytes > maxBytes) report(`must be at most ${String(maxBytes)} bytes in all`);
    for (const [name, value] of entries) {
      const problem = rule(name, value);
      if (problem !== undefined) {
        report(`${problem} (${JSON.stringify(name.slice(0, 64))})`);
        return;
      }
    }
  });
}
