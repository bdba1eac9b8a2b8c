// What runs in the test machine, in this order, against one node. To import this starts nothing, so the test outside has the names from here.
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { cgroups, control, cox, coxJson, until } from "./live-node.ts";

interface NodeStatus {
  readonly is_alive: boolean;
  readonly executors: readonly string[];
  readonly executor_limitations: Readonly<Record<string, string>>;
}

/** The only node, once it has registered with the cluster that it leads: it offers nothing before. */
const nodeStatus = (): Promise<NodeStatus> =>
  until("the node is registered", async () => {
    const { code, stdout } = await cox("cluster", "status", "-o", "json");
    if (code !== 0) return undefined;
    const status = JSON.parse(stdout) as { readonly leader_id: number; readonly nodes: readonly NodeStatus[] };
    const [node] = status.nodes;
    return status.leader_id === 1 && node !== undefined && node.executors.length > 0 ? node : undefined;
  });

/** The process of the only attempt that was started with this command line. */
function processOf(commandLine: string): number | undefined {
  const pids = cgroups().length === 0 ? [] : control("cgroup.procs").split("\n").map(Number);
  return pids.find((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "latin1").replaceAll("\0", " ").trim() === commandLine;
    } catch {
      return false;
    }
  });
}

export const cases: Readonly<Record<string, () => Promise<void>>> = {
  "cox cluster status: a node that was allowed nothing offers process, without limitations": async () => {
    const { executors, executor_limitations } = await nodeStatus();
    assert.deepEqual([executors.includes("process"), executor_limitations], [true, {}]);
  },

  'cox start --memory 32m --cpu 0.2 "...": the cgroup of the job holds both, and the job completes': async () => {
    const started = cox("start", "--follow", "--memory", "32m", "--cpu", "0.2", "echo before; sleep 1000; echo after");
    const sleeper = await until("the job sleeps", () => processOf("sleep 1000"));
    assert.deepEqual(["memory.max", "cpu.max"].map(control), [String(32 * 1024 ** 2), "20000 100000"]);
    process.kill(sleeper);
    const { code, stdout, stderr } = await started;
    assert.deepEqual([code, stdout], [0, "before\nafter\n"], stderr);
    assert.deepEqual(cgroups(), []);
  },

  "case 13: 200 MiB under 32 MiB end FAILED with OUT_OF_MEMORY; the node lives, and runs the next job": async () => {
    const allocate = "dd if=/dev/zero of=/dev/null bs=200M count=1";
    const { code, stderr } = await cox("start", "--follow", "--id", "too-much", "--memory", "32m", allocate);
    assert.equal(code, 1, stderr);
    const { status, error_type } = await coxJson("status", "too-much");
    assert.deepEqual([status, error_type], ["FAILED", "OUT_OF_MEMORY"]);
    assert.deepEqual(await cox("start", "--follow", "--id", "next", "--memory", "32m", "echo alive"), { code: 0, stdout: "alive\n", stderr: "next\n" });
    assert.deepEqual(cgroups(), []);
  },
};
