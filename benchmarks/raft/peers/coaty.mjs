/**
 * Three RawNodes of @coaty/consensus.raft in one process, on its MemoryStorage, driven as our own cores are.
 */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { LEADER_ID, LOG_LIMITS, Mail, MAX_INFLIGHT_APPENDS, voterIds } from "../cores/mail.mjs";

const directory = join(dirname(fileURLToPath(import.meta.url)), "coaty");

/** Installs the peer beside its package.json unless it is there. Nothing is compiled. */
export async function installCoaty() {
  if (existsSync(join(directory, "node_modules/@coaty/consensus.raft"))) return;
  const options = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"];
  await promisify(execFile)("npm", ["install", "--prefix", directory, ...options], { cwd: directory });
}

function loadCoaty() {
  const require = createRequire(join(directory, "package.json"));
  // It loads a compiled SQLite for a controller that is not used here.
  require.cache[require.resolve("sqlite3")] = { exports: {}, loaded: true };
  const from = (name) => require(`@coaty/consensus.raft/${name}`);
  return {
    ...from("ported/rawnode"),
    ...from("ported/storage"),
    ...from("ported/raftpb/raft.pb"),
    ...from("ported/logger"),
    ...from("ported/raft"),
    ...from("non-ported/raft-controller"),
  };
}

class Member {
  /** Normal entries handed to the state machine, which keeps nothing. */
  committed = 0;
  committedBytes = 0;
  #appliedIndex = 0;
  #cutIndex = 0;

  constructor(id, post, coaty) {
    const { discardLogger, MemoryStorage, noLimit, RaftConfig, RawNode } = coaty;
    this.coaty = coaty;
    this.post = post;
    this.storage = MemoryStorage.NewMemoryStorage();
    this.storage.snapshot.metadata.confState.voters = voterIds.map(String);
    const limits = {
      maxSizePerMsg: noLimit,
      maxCommittedSizePerReady: noLimit,
      maxInflightMsgs: MAX_INFLIGHT_APPENDS,
    };
    const ticks = { electionTick: 15, heartbeatTick: 5 };
    this.node = RawNode.NewRawNode(
      new RaftConfig({
        id: String(id),
        storage: this.storage,
        preVote: true,
        checkQuorum: true,
        logger: discardLogger,
        ...ticks,
        ...limits,
      }),
    );
  }

  step(message) {
    this.node.step(message);
  }

  /** In the order of its own RaftNode: store, send, apply, cut the log, advance. */
  drain() {
    const { node, storage, post } = this;
    while (node.hasReady()) {
      const ready = node.ready();
      if (!ready.hardState.isEmptyHardState()) storage.SetHardState(ready.hardState);
      storage.Append(ready.entries);
      for (const message of ready.messages) post(Number(message.to), message);
      if (ready.committedEntries.length > 0) this.#apply(ready.committedEntries);
      node.advance(ready);
    }
  }

  #apply(entries) {
    const { emptyRaftData } = this.coaty;
    for (const { data } of entries) {
      if (data === emptyRaftData) continue;
      this.committed += 1;
      this.committedBytes += data.length;
    }
    this.#appliedIndex = entries[entries.length - 1].index;
    if (this.#appliedIndex - this.#cutIndex <= LOG_LIMITS.cutAtEntries) return;
    this.#cutIndex = this.#appliedIndex - LOG_LIMITS.keepEntries;
    this.storage.Compact(this.#cutIndex);
  }
}

/** An elected cluster; see `Mail` for how its members are driven. */
export class CoatyCores {
  #coaty = loadCoaty();

  constructor() {
    this.#coaty.setLogger(this.#coaty.discardLogger);
    this.mail = new Mail((post) => voterIds.map((id) => new Member(id, post, this.#coaty)));
    this.leader = this.mail.member(LEADER_ID);
    this.leader.node.campaign();
    this.mail.deliverAll();
    if (this.leader.node.raft.state !== this.#coaty.StateType.StateLeader)
      throw new Error("The first member was not elected.");
  }

  /** Its `propose` takes one value; several at once go in the message that `propose` would build for one. */
  propose(payloads) {
    const { Entry, Message, MessageType } = this.#coaty;
    const { node } = this.leader;
    const entries = payloads.map((data) => new Entry({ data }));
    const refusal = node.step(new Message({ type: MessageType.MsgProp, from: node.raft.id, entries }));
    if (refusal !== null) throw refusal;
  }
}

export const createCores = () => new CoatyCores();

/** It proposes any JSON value, and measures entries by their JSON: of bytes, a Buffer's is the cheapest. */
export const createPayload = (sizeBytes) => Buffer.alloc(sizeBytes, 7);
/** The cheapest value of that length for it, if what is proposed happens to be text. */
export const createTextPayload = (sizeBytes) => "x".repeat(sizeBytes);
