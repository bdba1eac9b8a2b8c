/**
 * A Raft cluster with a host for each member, on a network of its own.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createCa, issueCertificate, type KeyedCertificate } from "@coxswain/pki";
import type { Member, NodeId, RaftNodeSettings, RaftStatus } from "@coxswain/raft-core";
import { until } from "../../scripts/lib/until.mjs";
import { NetworkLab } from "./lab.ts";
import { MemberProcess } from "./member-process.ts";

const PROGRAM = fileURLToPath(new URL("member.mjs", import.meta.url));
const PORT = 7_000;
const WAIT = { timeoutMs: 30_000, everyMs: 50 };

export interface ClusterOptions {
  readonly ids: readonly NodeId[];
  /** Each packet takes so long from host to host. */
  readonly delayMs: number;
  readonly raft: Partial<RaftNodeSettings>;
}

/** What a member process reads from its file. */
export interface MemberConfiguration {
  readonly id: NodeId;
  readonly uuid: string;
  readonly clusterId: string;
  readonly members: readonly Member[];
  readonly tlsFiles: { readonly ca: string; readonly cert: string; readonly key: string };
  readonly logDirectory: string;
  readonly raft: Partial<RaftNodeSettings>;
}

export class NetworkCluster {
  readonly lab: NetworkLab;
  readonly members: MemberProcess[] = [];
  readonly #directory: string;

  private constructor(lab: NetworkLab, directory: string) {
    this.lab = lab;
    this.#directory = directory;
  }

  /** Resolves when there is a leader whom everyone follows. */
  static async start(options: ClusterOptions): Promise<NetworkCluster> {
    const lab = await NetworkLab.build(options.ids, options.delayMs);
    const cluster = new NetworkCluster(lab, await mkdtemp(join(tmpdir(), "coxswain-network-")));
    try {
      await cluster.#startMembers(options);
      await cluster.agreed();
      return cluster;
    } catch (error) {
      await cluster.destroy();
      throw error;
    }
  }

  member(id: NodeId): MemberProcess {
    const member = this.members.find((one) => one.id === id);
    if (member === undefined) throw new Error(`there is no member ${id}`);
    return member;
  }

  without(id: NodeId): MemberProcess[] {
    return this.members.filter((member) => member.id !== id);
  }

  /** Resolves once one of these leads and can be worked with. */
  async leader(among: readonly MemberProcess[] = this.members): Promise<RaftStatus> {
    return await until(
      "there is a leader",
      async () => (await statusOf(among)).find(({ leaderReady }) => leaderReady),
      WAIT,
    );
  }

  /** Resolves once all follow one leader in one term and hold what it had committed; returns that leader. */
  async agreed(): Promise<RaftStatus> {
    const agreement = async (): Promise<RaftStatus | undefined> => {
      const all = await statusOf(this.members);
      const leader = all.find(({ leaderReady }) => leaderReady);
      const follows = ({ term, leader: known }: RaftStatus): boolean =>
        term === leader?.term && known === leader.id;
      if (leader === undefined || !all.every(follows)) return undefined;
      await until(
        "all have applied",
        async () =>
          (await statusOf(this.members)).every(({ appliedIndex }) => appliedIndex >= leader.commitIndex),
        WAIT,
      );
      return leader;
    };
    return await until("all follow one leader", agreement, WAIT);
  }

  /** What the members have said so far about who leads. */
  leaders(): { term: number; leader: NodeId }[] {
    return this.members.flatMap(({ id, events }) =>
      events.flatMap((event) => {
        if (event.type === "leaderReady") return [{ term: event.term, leader: id }];
        return event.type === "leaderChanged" && event.leader !== 0
          ? [{ term: event.term, leader: event.leader }]
          : [];
      }),
    );
  }

  /** Ends every process, and with the last of them the network. */
  async destroy(): Promise<void> {
    await Promise.all(this.members.map((member) => member.stop()));
    await this.lab.destroy();
    await rm(this.#directory, { recursive: true, force: true });
  }

  async #startMembers({ ids, raft }: ClusterOptions): Promise<void> {
    const ca = await createCa({ clusterName: "network" });
    const members = ids.map((id) => ({
      id,
      uuid: `disk-${id}`,
      address: `${this.lab.addressOf(id)}:${PORT}`,
    }));
    const starting = members.map(async ({ id, uuid }) => {
      const certificate = await issueCertificate({
        ca,
        kind: "node",
        name: `node-${id}`,
        hosts: [this.lab.addressOf(id)],
        days: 1,
      });
      const tlsFiles = await this.#writeTls(id, ca, certificate);
      const logDirectory = join(this.#directory, `log-${id}`);
      const configuration: MemberConfiguration = {
        id,
        uuid,
        clusterId: "network",
        members,
        tlsFiles,
        logDirectory,
        raft,
      };
      const path = await this.#write(`member-${id}.json`, JSON.stringify(configuration));
      this.members.push(await MemberProcess.start(id, [...this.lab.on(id), process.execPath, PROGRAM, path]));
    });
    // All of them, so that what has started is known, and ended, when another fails.
    const failed = (await Promise.allSettled(starting)).find((start) => start.status === "rejected");
    if (failed !== undefined) throw failed.reason;
    this.members.sort((a, b) => a.id - b.id);
  }

  async #writeTls(
    id: NodeId,
    ca: KeyedCertificate,
    own: KeyedCertificate,
  ): Promise<MemberConfiguration["tlsFiles"]> {
    return {
      ca: await this.#write(`ca-${id}.crt`, ca.certificate),
      cert: await this.#write(`node-${id}.crt`, own.certificate),
      key: await this.#write(`node-${id}.key`, own.privateKey),
    };
  }

  async #write(name: string, text: string): Promise<string> {
    const path = join(this.#directory, name);
    await writeFile(path, text, { mode: 0o600 });
    return path;
  }
}

async function statusOf(members: readonly MemberProcess[]): Promise<RaftStatus[]> {
  return await Promise.all(members.map((member) => member.status()));
}
