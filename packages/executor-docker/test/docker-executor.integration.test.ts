import { test } from "@jest/globals";
import type { Task } from "@coxswain/executor";
import { executorSuite } from "@coxswain/executor/suite";
import { Bench } from "./bench.ts";
import { describeDocker, useEngine } from "./docker.ts";

const WITHIN_MS = 120_000;
const CAPACITY_BYTES = 100_000;
const octal = (bytes: Uint8Array): string => [...bytes].map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");

describeDocker("the suite", () => {
  const engine = useEngine();
  executorSuite(
    // Twenty containers at once take a small machine a while.
    { test: (name, run) => test(name, run, WITHIN_MS) },
    "docker",
    { exitCode: true, stderr: true, guarded: true, startFailure: true },
    async () => {
      const bench = new Bench(engine(), { outputCapacityBytes: CAPACITY_BYTES, timeoutGraceMs: 50 });
      const line = (shell: string): Task => ({ kind: "docker", image: "alpine:latest", shell });
      return {
        executor: bench.executor,
        guard: bench.guard,
        outputCapacityBytes: CAPACITY_BYTES,
        writes: (pieces) =>
          line(
            pieces
              .map(({ stream, bytes }) => `printf '${octal(bytes)}'${stream === "stderr" ? " >&2" : ""}`)
              .join("; sleep 0.25; ") || "true",
          ),
        fails: () => line("exit 3"),
        hangs: () => line("trap '' TERM; sleep 1000"),
        floods: (sizeBytes) => line(`head -c ${sizeBytes} /dev/zero`),
        missing: () => ({ kind: "docker", image: "", argv: ["no-such-program"] }),
        leftovers: () => bench.leftovers(),
        close: () => bench.close(),
      };
    },
  );
});
