import type { Task } from "@coxswain/executor";
import type { ExecutorFixture } from "@coxswain/executor/suite";

/** The tasks of the suite for an executor that runs lines of a shell, as `line` makes them. */
export function shellTasks(
  line: (shell: string) => Task,
): Pick<ExecutorFixture, "writes" | "fails" | "hangs" | "floods"> {
  return {
    writes: (pieces) =>
      line(
        pieces
          .map(({ stream, bytes }) => `printf '${octal(bytes)}'${stream === "stderr" ? " >&2" : ""}`)
          .join("; sleep 0.25; ") || "true",
      ),
    fails: () => line("exit 3"),
    hangs: () => line("trap '' TERM; sleep 1000"),
    floods: (sizeBytes) => line(`head -c ${sizeBytes} /dev/zero`),
  };
}

function octal(bytes: Uint8Array): string {
  return [...bytes].map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");
}
