/**
 * A network of its own for a test: hosts with an address each, and a router between them, all in network namespaces
 * that nothing outside can reach and that end with the processes holding them, however the test ends.
 *
 *     host 1: 10.77.1.2 --- veth --- [ h1 ]                    Every packet between hosts passes `slow`, which keeps it
 *     host 2: 10.77.2.2 --- veth --- [ h2  router  slow ]      for `delayMs` and hands it back to the router: a TUN
 *     host 3: 10.77.3.2 --- veth --- [ h3 ]                    device, because not every kernel has `tc netem`.
 *
 * A link is cut by taking its veth down. Loss in one direction is a routing rule of type `blackhole`, which drops
 * without a word, packets under way included; it asks for no netfilter module.
 */
import { fileURLToPath } from "node:url";
import { Holder, runIn } from "./holder.ts";

/** Which packets are lost: all from one host, or all to one. */
export type Loss = { readonly from: number } | { readonly to: number };

const SLOW = "slow";
const SLOW_TABLE = "77";
const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

export class NetworkLab {
  readonly #router: Holder;
  readonly #hosts: ReadonlyMap<number, Holder>;
  readonly #holders: Holder[];

  private constructor(router: Holder, hosts: ReadonlyMap<number, Holder>) {
    this.#router = router;
    this.#hosts = hosts;
    this.#holders = [router, ...hosts.values()];
  }

  /** Resolves when packets can pass. Each takes `delayMs` in each direction. */
  static async build(hosts: readonly number[], delayMs: number): Promise<NetworkLab> {
    const holders = new Map<number, Holder>();
    const lab = new NetworkLab(await Holder.namespace(), holders);
    try {
      await lab.#delay(delayMs);
      for (const host of hosts) {
        const holder = await Holder.namespace();
        holders.set(host, holder);
        lab.#holders.push(holder);
        await lab.#connect(host, holder);
      }
      return lab;
    } catch (error) {
      await lab.destroy();
      throw error;
    }
  }

  addressOf(host: number): string {
    return `10.77.${host}.2`;
  }

  /** What to put before a command so that it runs on the host. */
  on(host: number): readonly string[] {
    return this.#holderOf(host).entry;
  }

  /** Takes the host's only link down: it and its peers see the network as gone. */
  async unplug(host: number): Promise<void> {
    await this.#ip(`link set h${host} down`);
  }

  async plugIn(host: number): Promise<void> {
    await this.#ip(`link set h${host} up`);
  }

  /** Loses packets in one direction, silently, from now on. */
  async lose(loss: Loss): Promise<void> {
    const selector = "from" in loss ? `from ${this.addressOf(loss.from)}` : `to ${this.addressOf(loss.to)}`;
    await this.#ip(`rule add priority 100 ${selector} blackhole`);
  }

  /** Every link up, nothing lost. */
  async heal(): Promise<void> {
    const rules = await runIn(this.#router, ["ip", "rule", "show", "priority", "100"]);
    for (const _ of rules.split("\n").filter((line) => line !== "")) await this.#ip("rule del priority 100");
    for (const host of this.#hosts.keys()) await this.plugIn(host);
  }

  /** The namespaces end with their last process: stop what runs on the hosts first. */
  async destroy(): Promise<void> {
    await Promise.all(this.#holders.map((holder) => holder.release()));
  }

  async #delay(delayMs: number): Promise<void> {
    const line = [process.execPath, path("delay.mjs"), String(delayMs)];
    // A line does not wait for a processor, however busy the hosts are.
    const program = ["perl", path("open-tun.pl"), SLOW, "nice", "-n", "-15", ...line];
    this.#holders.push(await Holder.start([...this.#router.entry, ...program]));
    await runIn(this.#router, ["sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"]);
    await runIn(this.#router, [
      "sh",
      "-c",
      "for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 > $f; done",
    ]);
    await this.#ip(`link set ${SLOW} up`);
    await this.#ip(`route add default dev ${SLOW} table ${SLOW_TABLE}`);
    await this.#ip(`rule add priority 200 iif ${SLOW} lookup main`);
  }

  async #connect(host: number, holder: Holder): Promise<void> {
    await this.#ip(`link add h${host} type veth peer name eth0 netns ${holder.pid}`);
    await this.#ip(`address add 10.77.${host}.1/24 dev h${host}`);
    await this.#ip(`link set h${host} up`);
    await this.#ip(`rule add priority 300 iif h${host} lookup ${SLOW_TABLE}`);
    for (const command of [
      "link set lo up",
      `address add ${this.addressOf(host)}/24 dev eth0`,
      "link set eth0 up",
      `route add default via 10.77.${host}.1`,
    ]) {
      await runIn(holder, ["ip", ...command.split(" ")]);
    }
  }

  async #ip(command: string): Promise<void> {
    await runIn(this.#router, ["ip", ...command.split(" ")]);
  }

  #holderOf(host: number): Holder {
    const holder = this.#hosts.get(host);
    if (holder === undefined) throw new Error(`there is no host ${host}`);
    return holder;
  }
}
