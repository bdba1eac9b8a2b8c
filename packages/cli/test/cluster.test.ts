import { describe, expect, test } from "@jest/globals";
import type { ClusterStatus } from "@coxswain/client";
import { cox, failure } from "./fake-cli.ts";

const node = {
  nodeId: 1,
  address: "127.0.0.1:50051",
  isAlive: true,
  isVoter: true,
  draining: false,
  executors: ["process", "webhook"],
  capacity: 8,
  running: 2,
  matchIndex: 40,
  incarnation: 1,
  missingExecutors: {},
  executorLimitations: {},
  isLeader: true,
};
const status: ClusterStatus = {
  currentTerm: 3,
  leaderId: 1,
  nodes: [
    node,
    { ...node, nodeId: 2, isLeader: false, isAlive: false, draining: true, matchIndex: 0, executors: [] },
  ],
  clusterId: "c-1",
  nodeId: 2,
  role: "follower",
  commitIndex: 40,
  appliedIndex: 39,
  lastLogIndex: 41,
  firstLogIndex: 1,
  featureLevel: 1,
  activeJobs: 4,
  finishedJobs: 5,
  pendingExecutions: 6,
  runningExecutions: 2,
};

describe("cox cluster status", () => {
  test("shows the leader, what there is to do, and the nodes", async () => {
    const { stdout } = await cox(["cluster", "status"], { clusterStatus: async () => status });
    expect(stdout).toBe(`Cluster      c-1
Leader       node 1
Term         3
Answered by  node 2 (follower)
Log          1 to 41, committed 40, applied 39
Jobs         4 active, 5 finished
Executions   2 running, 6 pending

NODE  ADDRESS          ROLE    ALIVE  DRAINING  RUNNING  LOG  EXECUTORS
1     127.0.0.1:50051  leader  yes    no        2/8      40   process,webhook
2     127.0.0.1:50051  voter   no     yes       2/8      -    -
`);
  });

  test("says what nodes do not offer and why, and what they offer with limitations; nodes that say the same share a line", async () => {
    const missingExecutors = { docker: "the Docker engine at /var/run/docker.sock: connect ENOENT" };
    const executorLimitations = { process: "tasks have no sandbox\u001b[2J" };
    const nodes = [
      { ...node, missingExecutors, executorLimitations },
      { ...node, nodeId: 2, missingExecutors },
      { ...node, nodeId: 3, missingExecutors: { docker: "it is old" } },
    ];
    const clusterStatus = async (): Promise<ClusterStatus> => ({ ...status, nodes });
    const { stdout } = await cox(["cluster", "status"], { clusterStatus });
    expect(stdout.slice(stdout.lastIndexOf("\n\n"))).toBe(`

docker is missing on nodes 1, 2: the Docker engine at /var/run/docker.sock: connect ENOENT
process is limited on node 1: tasks have no sandbox\\e[2J
docker is missing on node 3: it is old
`);
    const { stdout: json } = await cox(["cluster", "status", "-o", "json"], { clusterStatus });
    expect(JSON.parse(json)).toMatchObject({
      nodes: [
        { missing_executors: missingExecutors, executor_limitations: executorLimitations },
        { executor_limitations: {} },
        {},
      ],
    });
  });

  test("gives JSON, and says when there is no leader", async () => {
    const leaderless = { ...status, leaderId: 0 };
    const { stdout } = await cox(["cluster", "status", "--stale", "-o", "json"], {
      clusterStatus: async () => leaderless,
    });
    expect(JSON.parse(stdout)).toMatchObject({
      leader_id: null,
      current_term: 3,
      nodes: [
        { node_id: 1, is_alive: true, is_leader: true, match_index: 40, executors: ["process", "webhook"] },
        { draining: true },
      ],
    });
    expect((await cox(["cluster", "status"], { clusterStatus: async () => leaderless })).stdout).toContain(
      "Leader       none\n",
    );
  });
});

describe("cox cluster", () => {
  test("transfer-leader says who leads", async () => {
    const asked: unknown[] = [];
    const transferLeadership = async (options?: {
      to?: number;
    }): Promise<{ newLeaderId: number; message: string }> => (
      asked.push(options),
      { newLeaderId: 3, message: "" }
    );
    expect((await cox(["cluster", "transfer-leader", "--to", "3"], { transferLeadership })).stdout).toBe(
      "Node 3 leads now.\n",
    );
    expect(
      JSON.parse((await cox(["cluster", "transfer-leader", "-o", "json"], { transferLeadership })).stdout),
    ).toEqual({ success: true, message: "", new_leader_id: 3 });
    expect(asked).toEqual([{ to: 3 }, {}]);
    const refused = await cox(["cluster", "transfer-leader"], {
      transferLeadership: async () => Promise.reject(failure("TRANSFER_FAILED", "conflict", "Node 3 lags.")),
    });
    expect(refused).toMatchObject({ exitCode: 6, stderr: "error: Node 3 lags. [TRANSFER_FAILED]\n" });
  });

  test("drain and its undo", async () => {
    const asked: unknown[] = [];
    const drain = async (options?: object): Promise<{ message: string }> => (
      asked.push(options),
      { message: "" }
    );
    expect((await cox(["cluster", "drain", "--node", "2"], { drain })).stdout).toBe(
      "Node 2 gets no more work.\n",
    );
    expect((await cox(["cluster", "drain", "--node", "2", "--undo"], { drain })).stdout).toBe(
      "Node 2 takes work again.\n",
    );
    expect((await cox(["cluster", "drain"], { drain })).stdout).toBe(
      "The node that answered gets no more work.\n",
    );
    expect(JSON.parse((await cox(["cluster", "drain", "-o", "json"], { drain })).stdout)).toEqual({
      success: true,
      message: "",
    });
    expect(asked).toEqual([
      { undo: false, nodeId: 2 },
      { undo: true, nodeId: 2 },
      { undo: false },
      { undo: false },
    ]);
  });
});

describe("cox log list", () => {
  const log = {
    entries: [
      { index: 7, term: 2, command: "SubmitJob j1", isCommitted: true },
      { index: 8, term: 2, command: "Noop", isCommitted: false },
    ],
    commitIndex: 7,
    lastLogIndex: 8,
    firstAvailableIndex: 1,
  };

  test("shows entries in one line each", async () => {
    const asked: unknown[] = [];
    const { stdout } = await cox(["log", "list", "--start-index", "7", "--limit", "2"], {
      logEntries: async (options) => (asked.push(options), log),
    });
    expect(stdout).toBe(`INDEX  TERM  COMMITTED  COMMAND
7      2     yes        SubmitJob j1
8      2     no         Noop
Entries 1 to 8 are there; committed up to 7.
`);
    expect(asked).toEqual([{ startIndex: 7, limit: 2 }]);
  });

  test("gives JSON", async () => {
    const { stdout } = await cox(["log", "list", "-o", "json"], { logEntries: async () => log });
    expect(JSON.parse(stdout)).toEqual({
      entries: [
        { index: 7, term: 2, command: "SubmitJob j1", is_committed: true },
        { index: 8, term: 2, command: "Noop", is_committed: false },
      ],
      commit_index: 7,
      last_log_index: 8,
      first_available_index: 1,
    });
  });

  test("takes at most 1000", async () => {
    expect((await cox(["log", "list", "--limit", "1001"])).exitCode).toBe(2);
  });
});
