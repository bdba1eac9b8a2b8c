import type { RaftConfig } from "../../../src/core/raft.ts";
import type { Configuration, PersistedState } from "../../../src/types.ts";
import { SimCluster } from "../../core/harness/sim-cluster.ts";
import { bytesOf, stateWithLog } from "../../core/harness/states.ts";
import { printLog, printOutcome, printState } from "./print.ts";
import { countRepeats, printDelivery, Watch } from "./watch.ts";
import { changeOf, idOf, nameOf, selectPackets } from "./words.ts";

type Command = (words: readonly string[]) => string[];

/** Carries out the commands of one trace. What they mean stands in README.md. */
export class Stage {
  #setup: { ids: number[]; configuration: Configuration; config: Partial<RaftConfig> } | undefined;
  readonly #disks: Record<number, PersistedState> = {};
  #cluster: SimCluster | undefined;
  #watch: Watch | undefined;
  #reads = 0;
  readonly #commands: Readonly<Record<string, Command>> = {
    nodes: (words) => this.#nodes(words),
    disk: (words) => this.#disk(words),
    campaign: (words) => this.#each(words, (id) => this.#running.campaign(id)),
    elect: ([node]) => this.#elect(idOf(node)),
    tick: (words) => this.#tick(words),
    pass: ([count]) => this.#pass(Number(count)),
    propose: ([node, ...texts]) =>
      this.#ask(idOf(node), (id) =>
        printOutcome(this.#running.node(id).raft.propose(texts.map((text) => bytesOf(text)))),
      ),
    read: ([node]) => this.#ask(idOf(node), (id) => this.#read(id)),
    change: ([node, ...steps]) =>
      this.#ask(idOf(node), (id) =>
        printOutcome(this.#running.node(id).raft.proposeConfChange(changeOf(steps))),
      ),
    transfer: ([node, to]) => this.#ask(idOf(node), (id) => this.#transfer(id, idOf(to))),
    deliver: (words) => this.#deliver(words, false),
    repeat: (words) => this.#deliver(words, true),
    drop: (words) => this.#drop(words),
    settle: () => this.#settle(),
    cut: (words) => this.#cut(words),
    isolate: (words) => this.#quietly(words, (id) => this.#running.isolate(id)),
    heal: () => this.#quietly([], () => this.#running.heal(), true),
    crash: (words) => this.#quietly(words, (id) => this.#running.crash(id)),
    restart: (words) => this.#each(words, (id) => this.#restart(id)),
    "disks-wait": () => this.#syncBySelf(false),
    "disks-go-on": () => this.#syncBySelf(true),
    sync: (words) => this.#each(words, (id) => this.#running.sync(id)),
    compact: ([node, index]) =>
      this.#ask(idOf(node), (id) =>
        this.#running.node(id).compact(Number(index)) ? `log begins after ${index}` : "not yet",
      ),
    show: (words) => this.#list(words).map((id) => printState(this.#running.node(id))),
    logs: (words) => this.#list(words).map((id) => printLog(this.#running.node(id))),
  };

  run(line: string): string[] {
    const [name = "", ...words] = line.split(/\s+/);
    const command = this.#commands[name];
    if (command === undefined) throw new Error(`unknown command: ${line}`);
    return command(words);
  }

  get #running(): SimCluster {
    const setup = this.#setup;
    if (setup === undefined) throw new Error("a trace begins with `nodes`");
    this.#cluster ??= new SimCluster({ ...setup, disks: this.#disks });
    this.#watch ??= new Watch(this.#cluster);
    return this.#cluster;
  }

  /** `nodes n1 n2 n3 learners n3 preVote=false`; without `voters` all nodes that are no learners vote. */
  #nodes(words: readonly string[]): string[] {
    const lists: Record<string, number[]> = { ids: [], voters: [], learners: [], outgoing: [] };
    const config: Record<string, number | boolean> = { electionTicksMax: 11 };
    let list = "ids";
    for (const word of words) {
      const [key = "", value] = word.split("=");
      if (value !== undefined) config[key] = value === "true" || (value !== "false" && Number(value));
      else if (word in lists) list = word;
      else lists[list]?.push(idOf(word));
    }
    const { ids = [], learners = [], outgoing = [] } = lists;
    const voters = lists["voters"]?.length ? lists["voters"] : ids.filter((id) => !learners.includes(id));
    this.#setup = { ids, config, configuration: { voters, votersOutgoing: outgoing, learners } };
    return [];
  }

  /** `disk n1 1 1 2 term=3 vote=n2`: what it holds at the start, as the terms of its entries. */
  #disk([node, ...words]: readonly string[]): string[] {
    if (this.#setup === undefined || this.#cluster !== undefined)
      throw new Error("`disk` follows `nodes` at once");
    const terms = words.filter((word) => !word.includes("=")).map(Number);
    const valueOf = (key: string): string | undefined =>
      words.find((word) => word.startsWith(`${key}=`))?.slice(key.length + 1);
    const term = valueOf("term");
    const vote = valueOf("vote");
    this.#disks[idOf(node)] = stateWithLog(this.#setup.configuration, terms, {
      ...(term === undefined ? {} : { term: Number(term) }),
      ...(vote === undefined ? {} : { votedFor: idOf(vote) }),
    });
    return [];
  }

  /** A campaign and everything that follows, when it is not the point. */
  #elect(id: number): string[] {
    this.#running.campaign(id);
    this.#running.settle();
    this.#watch?.take();
    const { role, term } = this.#running.node(id).raft;
    if (role !== "leader") throw new Error(`n${id} was not elected`);
    return [`n${id}: leads term ${term}`];
  }

  #tick(words: readonly string[]): string[] {
    const count = words.find((word) => /^\d+$/.test(word)) ?? "1";
    const ids = this.#list(words.filter((word) => word !== count));
    return this.#step(() => {
      for (let i = 0; i < Number(count); i += 1)
        for (const id of ids) this.#running.act(id, (node) => node.raft.tick());
    });
  }

  /** Time passes while everything is delivered. */
  #pass(count: number): string[] {
    this.#running.tick(count);
    return this.#watch?.take().events ?? [];
  }

  #read(id: number): string {
    const outcome = this.#running.node(id).raft.readIndex((this.#reads += 1));
    if (!outcome.accepted) return `read ${this.#reads} is refused: ${outcome.reason}`;
    return `read ${this.#reads} ${outcome.forwardedTo === 0 ? "waits" : `is passed to n${outcome.forwardedTo}`}`;
  }

  #transfer(id: number, to: number): string {
    const outcome = this.#running.node(id).raft.transferLeadership(to);
    return outcome.accepted ? `transfer to n${to} begins` : `transfer is refused: ${outcome.reason}`;
  }

  /** Delivers what is under way now, not what follows from it. */
  #deliver(words: readonly string[], keep: boolean): string[] {
    const cluster = this.#running;
    return selectPackets(cluster.packets, words).flatMap((packet) => {
      const at = cluster.packets.indexOf(packet);
      if (at < 0) return [];
      const effects = this.#step(() => {
        cluster.deliver(at);
        if (keep) cluster.packets.splice(at, 0, packet);
      });
      return [printDelivery(packet), ...effects.map((line) => `   ${line}`)];
    });
  }

  #drop(words: readonly string[]): string[] {
    const cluster = this.#running;
    return selectPackets(cluster.packets, words).flatMap((packet) => {
      const effects = this.#step(() => cluster.drop(cluster.packets.indexOf(packet)));
      return [
        `lost: n${packet.from} -> n${packet.to} ${nameOf(packet)}`,
        ...effects.map((line) => `   ${line}`),
      ];
    });
  }

  /** Delivers everything and what follows from it; tells what became of nodes, not what they said. */
  #settle(): string[] {
    this.#running.settle();
    return this.#watch?.take().events ?? [];
  }

  /** `cut n1-n2 n3-n4`. */
  #cut(words: readonly string[]): string[] {
    for (const word of words) {
      const [a, b] = word.split("-");
      this.#running.connect(idOf(a), idOf(b), false);
    }
    return [];
  }

  #restart(id: number): void {
    this.#watch?.forget(this.#running.node(id));
    this.#running.restart(id);
  }

  #syncBySelf(bySelf: boolean): string[] {
    return this.#step(() => (this.#running.autoSync = bySelf));
  }

  #ask(id: number, question: (id: number) => string): string[] {
    let answer = "is down";
    const effects = this.#step(() => this.#running.act(id, () => (answer = question(id))));
    return [`n${id}: ${answer}`, ...effects];
  }

  #each(words: readonly string[], action: (id: number) => void): string[] {
    return this.#list(words).flatMap((id) => this.#step(() => action(id)));
  }

  #quietly(words: readonly string[], action: (id: number) => void, once: boolean = false): string[] {
    return this.#step(() => {
      for (const id of once ? [0] : this.#list(words)) action(id);
    });
  }

  /** Does it, lets the disks follow, and tells what came of it. */
  #step(action: () => void): string[] {
    const cluster = this.#running;
    action();
    while (cluster.autoSync) {
      const busy = cluster.up.find((node) => node.disk.pending > 0);
      if (busy === undefined) break;
      cluster.sync(busy.id);
    }
    const { events = [], sent = [] } = this.#watch?.take() ?? {};
    return [...events, ...countRepeats(sent)];
  }

  #list(words: readonly string[]): number[] {
    const running = [...this.#running.nodes.keys()];
    return words.length === 0 || words[0] === "all" ? running : words.map(idOf);
  }
}
