import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "@jest/globals";
import { Bench, untilOutput } from "./bench.ts";
import { describeDocker, useEngine } from "./docker.ts";
import type { DockerExecutorOptions } from "../src/index.ts";

const MIB = 1024 * 1024;
let benches: Bench[] = [];
afterEach(async () => {
  const ended = benches;
  benches = [];
  for (const bench of ended) {
    expect(await bench.leftovers()).toEqual([]);
    expect(bench.guard.targets).toEqual([]);
    await bench.close();
  }
});

describeDocker("a container", () => {
  const engine = useEngine();
  const make = (options: DockerExecutorOptions = {}): Bench => {
    const bench = new Bench(engine(), options);
    benches.push(bench);
    return bench;
  };

  test("sees no network, no capabilities, a read-only root, a small /tmp, and is nobody", async () => {
    const shell = [
      "ip -o link | wc -l",
      "grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status | tr -d '\\t'",
      "touch /x 2>&1; mkdir /etc/y 2>&1",
      "echo $(id -u):$(id -g)",
      "touch /tmp/ok && df -k /tmp | tail -1 | awk '{print $2}'",
      "ulimit -n; ulimit -c",
      "tr '\\0' ' ' < /proc/1/cmdline | cut -d' ' -f1",
    ].join("; ");
    const { result, output } = await make().finish({ shell, limits: { tmpfsBytes: 2 * MIB, openFiles: 77 } });
    expect(result).toMatchObject({ outcome: "succeeded" });
    expect(output.trim().split("\n")).toEqual([
      "1",
      "CapEff:0000000000000000",
      "CapBnd:0000000000000000",
      "NoNewPrivs:1",
      "Seccomp:2",
      "touch: /x: Read-only file system",
      "mkdir: can't create directory '/etc/y': Read-only file system",
      "65534:65534",
      "2048",
      "77",
      "0",
      "/sbin/docker-init",
    ]);
  });

  test("gets its arguments literally, its variables and its directory", async () => {
    const odd = ["$(exit 9)", "`x`", "a b", "", "*", "'", '"', "\\", "-n", "\n", "é"];
    const { output } = await make().finish({ argv: ["printf", "[%s]", ...odd] });
    expect(output).toBe(odd.map((argument) => `[${argument}]`).join(""));
    const said = await make().finish({ shell: 'echo "$A $COX_ATTEMPT $COX_DUE"; pwd', env: { A: "$HOME" }, workingDirectory: "/tmp" });
    expect(said.output).toBe("$HOME 2 2026-01-02T03:04:05.000Z\n/tmp\n");
  });

  test("200 MiB under 32 MiB is out of memory, and told apart from a SIGKILL", async () => {
    const shell = "head -c 200m /dev/zero | tail";
    const { result } = await make().finish({ shell: `${shell}; exit $?`, limits: { memoryBytes: 32 * MIB } });
    expect(result).toMatchObject({ outcome: "failed", errorType: "OUT_OF_MEMORY", retryable: true });
    const killed = await make().finish({ shell: "kill -KILL $$" });
    expect(killed.result).toMatchObject({ outcome: "failed", errorType: "SIGNAL", signal: "SIGKILL", exitCode: 137 });
  });

  test("a fork bomb hits the limit of pids and goes with its container", async () => {
    const bench = make();
    const { output } = await bench.finish({ shell: "for i in $(seq 30); do sleep 100 & done; echo all", limits: { pids: 10 } }, 20_000);
    expect(output).toContain("can't fork");
    expect(output).not.toContain("all");
  });

  test("many tiny writes on two streams arrive whole", async () => {
    const shell = "i=0; while [ $i -lt 3000 ]; do printf x; printf y >&2; i=$((i+1)); done";
    const running = await make().start({ shell, limits: { cpus: 1 } });
    await running.result;
    const chunks = running.output.read(0, Infinity).chunks;
    const of = (name: string): string => Buffer.concat(chunks.filter(({ stream }) => stream === name).map(({ bytes }) => bytes)).toString();
    expect([of("stdout"), of("stderr")]).toEqual(["x".repeat(3000), "y".repeat(3000)]);
  });

  test("asked to stop, it gets SIGTERM and its grace", async () => {
    const task = await make().start({ shell: "trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.05; done" });
    await untilOutput(task, "ready");
    await task.stop(20_000);
    expect(await task.result).toMatchObject({ outcome: "stopped", exitCode: 0 });
    expect(Buffer.from(task.output.tail(Infinity)).toString()).toBe("ready\nbye\n");
  });

  test("killed by the guard, its attempt is lost with the lease", async () => {
    const bench = make();
    const task = await bench.start({ shell: "echo ready; sleep 1000" });
    await untilOutput(task, "ready");
    const { endMarked } = await import("../src/marked-processes.ts");
    bench.guard.endAll((target) => void endMarked((target.marker ?? "").replace("COX_RUN=", "")));
    expect(await task.result).toMatchObject({ outcome: "lost", errorType: "LEASE_ENDED", retryable: true });
  });

  test("two executors that start one attempt at once make one container", async () => {
    const scope = randomUUID();
    const [first, second] = [make({ scope }), make({ scope })];
    const tasks = await Promise.all([first.start({ shell: "sleep 1000" }), second.start({ shell: "sleep 1000" })]);
    const loser = await Promise.race(tasks.map(({ result }) => result));
    expect(loser).toMatchObject({ outcome: "failed", errorType: "ENGINE", retryable: true, startedAtMs: 0 });
    await first.untilRunning();
    expect((await first.containers()).length).toBe(1);
    await Promise.all(tasks.map((task) => task.stop(0)));
  });

  test("an image with volumes of its own is refused", async () => {
    await engine().importImage("volumes:latest", ["VOLUME /data"]);
    const { result } = await make({ images: ["volumes"] }).finish({ image: "volumes", shell: "echo ran" });
    expect(result).toMatchObject({ outcome: "failed", errorType: "START_FAILED", retryable: false, startedAtMs: 0 });
    expect(result.errorMessage).toContain("/data");
  });

  test("an image that is missing, refused or stuck fails with the cause, in time", async () => {
    const missing = await make({ images: "all", pullPolicy: "never" }).finish({ image: "no-such:image", shell: "true" });
    expect(missing.result).toMatchObject({ outcome: "failed", errorType: "IMAGE", startedAtMs: 0 });
    const registry = createServer((request, response) => {
      if (request.url?.includes("/refused/")) answer(response, 403, "DENIED");
      else if (!request.url?.includes("/stuck/")) answer(response, request.url === "/v2/" ? 200 : 404, "MANIFEST_UNKNOWN");
    });
    const at = await listen(registry);
    const bench = make({ images: [`${at}/*`], pullTimeoutMs: 1_000 });
    for (const [name, why] of [["absent", /manifest.unknown/i], ["refused", /denied|403|forbidden/i], ["stuck", /longer than 1000 ms/]] as const) {
      const { result } = await bench.finish({ image: `${at}/${name}/image`, shell: "true" });
      expect(result).toMatchObject({ outcome: "failed", errorType: "IMAGE", retryable: true, startedAtMs: 0 });
      expect(result.errorMessage).toMatch(why);
    }
    registry.closeAllConnections();
    registry.close();
  });

  test("without an engine it is not available, and attempts fail as infrastructure", async () => {
    const bench = new Bench(engine(), { socketPath: "/no/such/docker.sock", engineLossMs: 100 });
    expect(await bench.executor.available()).toMatchObject({ ok: false, reason: expect.stringContaining("/no/such/docker.sock") });
    const { result } = await bench.finish({ shell: "true" });
    expect(result).toMatchObject({ outcome: "failed", errorType: "ENGINE", retryable: true, startedAtMs: 0 });
    await bench.close();
  });
});

function answer(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify({ errors: [{ code, message: code.toLowerCase() }] }));
}

async function listen(server: Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}
