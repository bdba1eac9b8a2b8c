/**
 * Tasks in words.
 */
import type { Task } from "@coxswain/protocol";

/** The kind of executor a task needs; "none" needs no node. */
export function executorOf(task: Task | undefined): string {
  return task?.kind?.$case ?? "none";
}

/** What a listing filters by and a log line shows: the shell line, the arguments, the URL or the image. */
export function commandText(task: Task | undefined): string {
  const kind = task?.kind;
  if (kind === undefined) return "";
  switch (kind.$case) {
    case "process":
      return kind.value.shell !== "" ? kind.value.shell : kind.value.argv.join(" ");
    case "webhook":
      return kind.value.url;
    case "docker":
      return [kind.value.image, kind.value.shell !== "" ? kind.value.shell : kind.value.argv.join(" ")]
        .join(" ")
        .trim();
    case "none":
      return "";
    default:
      return unreachable(kind);
  }
}

function unreachable(kind: never): never {
  throw new TypeError(`Unknown kind of task: ${JSON.stringify(kind)}`);
}
