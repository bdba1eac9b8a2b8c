/**
 * Fields whose values no log shows: what unlocks something, and what jobs carry, since their authors put
 * credentials into environments, headers and payloads.
 */
export const secretFields: readonly string[] = [
  "password",
  "secret",
  "token",
  "apiKey",
  "authorization",
  "Authorization",
  "cookie",
  "privateKey",
  "key",
  "env",
  "headers",
  "payload",
];

const maxDepth = 4;

/** Redaction paths for each secret field at the top of a line and down to four levels below. */
export function secretPaths(): string[] {
  return secretFields.flatMap((field) =>
    Array.from({ length: maxDepth + 1 }, (_none, depth) => `${"*.".repeat(depth)}${field}`),
  );
}
