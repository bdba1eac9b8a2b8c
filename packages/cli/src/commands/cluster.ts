import type { Command } from "commander";
import type { ClusterStatus } from "@coxswain/client";
import type { CliEnvironment } from "../environment.ts";
import { executorNotes } from "../output/executors.ts";
import { clusterJson, logJson } from "../output/json.ts";
import { fields, table } from "../output/table.ts";
import { wholeNumber } from "../parse/values.ts";
import { clusterCommand } from "../session.ts";

export function addCluster(program: Command, environment: CliEnvironment): void {
  const cluster = program.command("cluster").description("look at the cluster and move its duties");
  addStatus(cluster, environment);
  addTransfer(cluster, environment);
  addDrain(cluster, environment);
}

function addStatus(cluster: Command, environment: CliEnvironment): void {
  const command = cluster
    .command("status")
    .description("show the leader, the nodes and what they have to do")
    .option("--stale", "the asked node's own view; works without a leader");
  clusterCommand<{ readonly stale?: boolean }>(command, environment, async (session, { stale = false }) => {
    const status = await session.client.clusterStatus({ stale });
    session.print({ json: () => clusterJson(status), table: () => clusterText(status) });
  });
}

function clusterText(status: ClusterStatus): string {
  const summary = fields([
    ["Cluster", status.clusterId],
    ["Leader", status.leaderId === 0 ? "none" : `node ${String(status.leaderId)}`],
    ["Term", String(status.currentTerm)],
    ["Answered by", `node ${String(status.nodeId)} (${status.role})`],
    [
      "Log",
      `${String(status.firstLogIndex)} to ${String(status.lastLogIndex)}, committed ${String(status.commitIndex)}, applied ${String(status.appliedIndex)}`,
    ],
    ["Jobs", `${String(status.activeJobs)} active, ${String(status.finishedJobs)} finished`],
    [
      "Executions",
      `${String(status.runningExecutions)} running, ${String(status.pendingExecutions)} pending`,
    ],
  ]);
  const headings = ["NODE", "ADDRESS", "ROLE", "ALIVE", "DRAINING", "RUNNING", "LOG", "EXECUTORS"];
  const rows = status.nodes.map((node) => [
    String(node.nodeId),
    node.address,
    node.isLeader ? "leader" : node.isVoter ? "voter" : "learner",
    yesNo(node.isAlive),
    yesNo(node.draining),
    `${String(node.running)}/${String(node.capacity)}`,
    node.matchIndex === 0 ? "-" : String(node.matchIndex),
    node.executors.length === 0 ? "-" : node.executors.join(","),
  ]);
  const notes = executorNotes(status.nodes).map((note) => `${note}\n`);
  return [summary, table(headings, rows), ...(notes.length === 0 ? [] : [notes.join("")])].join("\n");
}

function yesNo(fact: boolean): string {
  return fact ? "yes" : "no";
}

function addTransfer(cluster: Command, environment: CliEnvironment): void {
  const command = cluster
    .command("transfer-leader")
    .description("hand leadership to another node")
    .option("--to <node>", "which one (default: the most caught up)", wholeNumber(0));
  clusterCommand<{ readonly to?: number }>(command, environment, async (session, { to }) => {
    const { newLeaderId, message } = await session.client.transferLeadership(
      to === undefined || to === 0 ? {} : { to },
    );
    session.print({
      json: () => ({ success: true, message, new_leader_id: newLeaderId }),
      table: () => `Node ${String(newLeaderId)} leads now.\n`,
    });
  });
}

function addDrain(cluster: Command, environment: CliEnvironment): void {
  const command = cluster
    .command("drain")
    .description("place no more work on a node; what runs there goes on")
    .option("--node <node>", "which one (default: the one that answers)", wholeNumber(1))
    .option("--undo", "place work there again");
  clusterCommand<{ readonly node?: number; readonly undo?: boolean }>(
    command,
    environment,
    async (session, { node, undo = false }) => {
      const { message } = await session.client.drain({
        undo,
        ...(node === undefined ? {} : { nodeId: node }),
      });
      const which = node === undefined ? "The node that answered" : `Node ${String(node)}`;
      session.print({
        json: () => ({ success: true, message }),
        table: () =>
          `${message === "" ? `${which} ${undo ? "takes work again" : "gets no more work"}.` : message}\n`,
      });
    },
  );
}

export function addLog(program: Command, environment: CliEnvironment): void {
  const command = program
    .command("log")
    .description("look at the replicated log")
    .command("list")
    .description("show log entries, each in one line")
    .option("--start-index <index>", "from this entry (default: the first there is)", wholeNumber(0))
    .option("--limit <n>", "how many (default: 100)", wholeNumber(1, 1_000));
  clusterCommand<{ readonly startIndex?: number; readonly limit?: number }>(
    command,
    environment,
    async (session, flags) => {
      const log = await session.client.logEntries({
        ...(flags.startIndex === undefined ? {} : { startIndex: flags.startIndex }),
        ...(flags.limit === undefined ? {} : { limit: flags.limit }),
      });
      const rows = log.entries.map((entry) => [
        String(entry.index),
        String(entry.term),
        yesNo(entry.isCommitted),
        entry.command,
      ]);
      const extent = `Entries ${String(log.firstAvailableIndex)} to ${String(log.lastLogIndex)} are there; committed up to ${String(log.commitIndex)}.\n`;
      session.print({
        json: () => logJson(log),
        table: () => table(["INDEX", "TERM", "COMMITTED", "COMMAND"], rows) + extent,
      });
    },
  );
}
