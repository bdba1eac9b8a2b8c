/**
 * A secured cluster of real processes for one test file, and clients for it.
 */
import { CoxswainClient } from "@coxswain/client";
import { LocalCluster } from "../scripts/lib/cluster.mjs";
import type { LocalClusterOptions } from "../scripts/lib/cluster.mjs";
import { until } from "../scripts/lib/until.mjs";

export class LiveCluster {
  readonly cluster: LocalCluster;
  readonly #clients: CoxswainClient[] = [];

  private constructor(cluster: LocalCluster) {
    this.cluster = cluster;
  }

  /** Resolves when every node holds a lease. */
  static async start(options: LocalClusterOptions = {}): Promise<LiveCluster> {
    const { extraArgs = [], ...others } = options;
    const cluster = await LocalCluster.create({ ...others, extraArgs: ["--log-format", "json", ...extraArgs] });
    const live = new LiveCluster(cluster);
    cluster.start();
    await live.everyNodeAlive();
    return live;
  }

  readonly connect = (servers: readonly string[] = this.cluster.addresses, as: "admin" | "client" = "admin"): CoxswainClient => {
    const { caCert: ca, cert, key } = this.cluster.certificates[as];
    const client = CoxswainClient.connect({ servers, tls: { ca, cert, key } });
    this.#clients.push(client);
    return client;
  };

  async everyNodeAlive(): Promise<void> {
    const client = this.connect();
    await until("every node is alive", async () => {
      const { nodes } = await client.clusterStatus({ timeoutMs: 1_000 });
      return nodes.filter((node) => node.isAlive).length === this.cluster.nodes.length;
    });
  }

  /** Starts a node again and resolves when this new start of it is registered and alive. */
  async restart(nodeId: number): Promise<void> {
    const client = this.connect();
    const seen = async (): Promise<{ incarnation: number; isAlive: boolean } | undefined> =>
      (await client.clusterStatus({ timeoutMs: 1_000 })).nodes.find((node) => node.nodeId === nodeId);
    const before = await until("the cluster answers", seen);
    this.cluster.node(nodeId)?.start();
    await until(`node ${nodeId} is back`, async () => {
      const now = await seen();
      return now !== undefined && now.isAlive && now.incarnation > before.incarnation;
    });
  }

  async destroy(): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.cluster.destroy();
  }
}
