/**
 * Every error code in the sources with its category and meaning, for docs/reference/errors.md: classes with a `code` field, by their doc comment.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./lib/run.mjs";

const CLASS =
  /(?:\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*)?export class (\w+) extends \w+ \{((?:(?!\nexport )[\s\S])*?)readonly code(?:: [^=\n]+)? = "([A-Z_]+)"(?: as const)?;\s*(?:override )?readonly category(?:: [^=\n]+)? = "([a-z-]+)"/g;

function sourcesBelow(directory) {
  return readdirSync(directory).flatMap((name) => {
    const path = join(directory, name);
    if (statSync(path).isDirectory()) return name === "gen" ? [] : sourcesBelow(path);
    return name.endsWith(".ts") ? [path] : [];
  });
}

/** The first paragraph of a doc comment, as one line. */
function meaningOf(comment = "") {
  const text = comment.replaceAll(/^\s*\*?\s?/gm, "").trim();
  return (text.split(/\n\s*\n|@/)[0] ?? "").replaceAll(/\s+/g, " ").replaceAll(/\{@link (\w+)\}/g, "`$1`").trim();
}

/** Sorted by code, then room. */
export function errorCodes() {
  const rooms = ["packages", "apps"].flatMap((parent) => readdirSync(join(ROOT, parent)).map((name) => `${parent}/${name}`));
  const found = rooms.flatMap((room) =>
    sourcesBelow(join(ROOT, room, "src")).flatMap((path) =>
      [...readFileSync(path, "utf8").matchAll(CLASS)].map(([, comment, , , code, category]) => ({
        code,
        category,
        room: room.replace("packages/", ""),
        meaning: meaningOf(comment),
      })),
    ),
  );
  return found.sort((a, b) => a.code.localeCompare(b.code) || a.room.localeCompare(b.room));
}

/** docs/reference/errors.md, whole. */
export function errorsPage() {
  const rows = errorCodes().map(({ code, category, room, meaning }) => `| \`${code}\` | ${category} | ${room} | ${meaning.replaceAll("|", "\\|")} |`);
  return `# Error codes

Every error has a stable \`code\` and a \`category\`. The message says what to do next and may change; the code does not. Over gRPC the code travels as the
metadata \`cox-error-code\`, and the category decides the status:

| category | gRPC status | exit code of \`cox\` | meaning |
|---|---|---|---|
| invalid | INVALID_ARGUMENT | 2 | the request can never succeed as it is |
| not-found | NOT_FOUND | 3 | there is no such thing |
| denied | PERMISSION_DENIED, or UNAUTHENTICATED | 4 | not with this certificate |
| exhausted | RESOURCE_EXHAUSTED | 5 | a limit is reached; later, or with a higher limit |
| unavailable | UNAVAILABLE | 5 | nothing was done; ask again |
| conflict | ALREADY_EXISTS for codes that end in _CONFLICT or _EXISTS, else FAILED_PRECONDITION | 6 | it does not fit what is there |
| unknown-outcome | DEADLINE_EXCEEDED | 7 | it may have been done; repeat it with the same id |
| internal | INTERNAL | 1 | a fault of the server |

Refusals of the replicated state itself (such as \`JOB_CONFLICT\`, \`JOB_ACTIVE\`, \`JOB_LIMIT_REACHED\`) are listed in
[packages/state-machine](../../packages/state-machine/README.md); the ways an attempt can fail (\`EXIT_CODE\`, \`TIMEOUT\`, \`HTTP\` ...) in
[packages/executor](../../packages/executor/README.md).

| code | category | raised by | meaning |
|---|---|---|---|
${rows.join("\n")}

This page is written by \`npm run docs\`.
`;
}
