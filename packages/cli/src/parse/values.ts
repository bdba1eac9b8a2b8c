import { readFileSync } from "node:fs";
import { InvalidArgumentError } from "commander";
import { type Status, statuses } from "@coxswain/client";
import { FileError, UsageError } from "../errors.ts";

/** A whole number for a flag, from `least` up. */
export function wholeNumber(least: number, most: number = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text.trim()) || value < least || value > most) {
      const range =
        most === Number.MAX_SAFE_INTEGER
          ? `from ${String(least)} up`
          : `from ${String(least)} to ${String(most)}`;
      throw new InvalidArgumentError(`Give a whole number ${range}.`);
    }
    return value;
  };
}

/** A status in any case, with `-` or `_`. */
export function statusWord(text: string): Status {
  const wanted = text.trim().toUpperCase().replaceAll("-", "_");
  const status = statuses.find((known) => known === wanted);
  if (status === undefined)
    throw new InvalidArgumentError(`Use one of ${statuses.join(", ").toLowerCase()}.`);
  return status;
}

/** Gathers the values of a flag that may be given more than once. */
export function gathered(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}

/** `Name: value` lines as one object. */
export function parseHeaders(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    lines.map((line) => {
      const [, name, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):\s*([^\r\n]*)$/.exec(line) ?? [];
      if (name === undefined || value === undefined) {
        throw new UsageError(`${JSON.stringify(line)} is no header: write "Name: value".`);
      }
      return [name, value.trim()];
    }),
  );
}

/** A payload as given, or with `@` the content of a file. */
export function readPayload(text: string): string | Uint8Array {
  if (!text.startsWith("@")) return text;
  const path = text.slice(1);
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new FileError(`Cannot read ${path}: check the path and that you may read it.`, { cause });
  }
}
