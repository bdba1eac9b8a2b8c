import type { SimNode } from "./cluster/sim-node.ts";
import type { Workload } from "./workload.ts";

/** One read at every member, asked again if it is refused or dropped. */
export class MemberReads {
  readonly #workload: Workload;
  readonly #asked = new Map<SimNode, number>();
  readonly #served = new Set<SimNode>();

  constructor(workload: Workload) {
    this.#workload = workload;
  }

  /** Asks those who have not answered. */
  areServed(nodes: readonly SimNode[]): boolean {
    for (const node of nodes) if (!this.#served.has(node)) this.#follow(node);
    return nodes.every((node) => this.#served.has(node));
  }

  #follow(node: SimNode): void {
    const context = this.#asked.get(node);
    const state = context === undefined ? "dropped" : this.#workload.readState(context);
    if (state === "served") this.#served.add(node);
    if (state !== "dropped") return;
    const again = this.#workload.read(node, "recovery");
    if (again === undefined) this.#asked.delete(node);
    else this.#asked.set(node, again);
  }
}
