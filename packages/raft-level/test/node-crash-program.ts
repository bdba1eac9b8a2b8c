/**
 * Three nodes in one process, each with its log and its state on disk, until it is killed. One follower after the other is
 * cut off until the log has been compacted past it, and then gets a snapshot.
 *
 * Says on stdout what a linearizable read finds after the start (`state JSON`), the proposals that were acknowledged
 * (`done N`), that a follower is back and lacks what was compacted (`mended`), and that it has it (`installed`). With `check` as third argument it proposes nothing, and
 * ends when the three states are the same.
 */
import { EventEmitter, once } from "node:events";
import { writeSync } from "node:fs";
import { join } from "node:path";
import { clockFrom, MemoryNetwork, RaftNode, SnapshottedStateMachine } from "@coxswain/raft-core";
import type { StateModel } from "@coxswain/raft-core";
import { DataDirectory } from "../src/data-directory.ts";

const IDS = [1, 2, 3];
/** Kept in each saved state, so that saving and installing take their time. */
const PADDING = "x".repeat(100_000);
const WINDOW = 8;
/** Proposals between one change of the network and the next. */
const CHANGE_EVERY = 60;
const [directory = "", life = "1", mode = "write"] = process.argv.slice(2);

/** Every proposal that was ever applied, in order. */
const journal: StateModel<{ applied: string[] }, number> = {
  initial: () => ({ applied: [] }),
  apply: (state, proposal) => state.applied.push(new TextDecoder().decode(proposal)),
  encode: ({ applied }) => new TextEncoder().encode(JSON.stringify({ applied, PADDING })),
  decode: (bytes) => ({
    applied: (JSON.parse(new TextDecoder().decode(bytes)) as { applied: string[] }).applied,
  }),
};

const network = new MemoryNetwork();
const events = new EventEmitter();
const clock = clockFrom({
  now: () => performance.now(),
  setInterval,
  clearInterval,
  setTimeout,
  clearTimeout,
});

function say(line: string): void {
  writeSync(1, `${line}\n`);
}

async function start(id: number): Promise<{
  node: RaftNode<number | undefined>;
  machine: SnapshottedStateMachine<{ applied: string[] }, number>;
}> {
  const place = await DataDirectory.open(join(directory, String(id)));
  const machine = await SnapshottedStateMachine.open(journal, place.snapshots, { saveEveryEntries: 20 });
  const node = await RaftNode.start({
    id,
    bootstrap: { voters: IDS, votersOutgoing: [], learners: [] },
    storage: place.log,
    stateMachine: machine,
    transport: network.transport(id),
    clock,
    random: Math.random,
    electionTimeoutMs: { min: 100, max: 200 },
    heartbeatMs: 20,
    logMaxEntries: 50,
    snapshotRetryMs: { min: 10, max: 50 },
    onEvent: (event) => {
      if (event.type === "snapshotInstalled") say("installed");
      if (event.type === "fatal") throw event.error;
      events.emit(event.type, event);
    },
  });
  return { node, machine };
}

const members = await Promise.all(IDS.map(start));

async function leading(): Promise<(typeof members)[number]> {
  for (;;) {
    const leader = members.find(({ node }) => node.status().leaderReady);
    if (leader) return leader;
    await once(events, "leaderReady");
  }
}

/** Cuts off a follower, or mends the network if one is cut off. */
function changeNetwork(turn: number): void {
  network.heal();
  if (turn % 2 === 0) say("mended");
  const followers = members.filter(({ node }) => node.status().role !== "leader");
  if (turn % 2 === 1) network.isolate(followers[turn % 4 === 1 ? 0 : 1]?.node.status().id ?? 1);
}

async function write(): Promise<void> {
  let proposals = 0;
  const proposeNext = async (): Promise<void> => {
    for (;;) {
      const leader = await leading();
      proposals += 1;
      const proposal = `${life}.${proposals}`;
      if (proposals % CHANGE_EVERY === 0) changeNetwork(proposals / CHANGE_EVERY);
      await leader.node.propose(new TextEncoder().encode(proposal)).then(
        () => say(`done ${proposal}`),
        () => clock.now(),
      );
    }
  };
  await Promise.all(Array.from({ length: WINDOW }, proposeNext));
}

async function readState(): Promise<string> {
  for (;;) {
    const { node, machine } = await leading();
    const read = await node.linearizableRead().then(
      () => true,
      () => false,
    );
    if (read) return JSON.stringify(machine.state.applied);
  }
}

const state = await readState();
say(`state ${state}`);
if (mode === "write") await write();
while (!members.every(({ machine }) => JSON.stringify(machine.state.applied) === state))
  await new Promise((resolve) => clock.after(5, () => resolve(undefined)));
say("same");
process.exit(0);
