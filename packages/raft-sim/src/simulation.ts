import { Cluster } from "./cluster/cluster.ts";
import { EVENT_CODES, type SimEvent } from "./cluster/event.ts";
import type { SimNode } from "./cluster/sim-node.ts";
import { noCounts } from "./counters.ts";
import { raftEngine } from "./engine.ts";
import { FaultPlan } from "./faults/fault-plan.ts";
import { Injector } from "./faults/injector.ts";
import { profileOf } from "./faults/profile.ts";
import { Random } from "./random.ts";
import { recover } from "./recovery.ts";
import { SimulationError } from "./simulation-error.ts";
import type { SimulationOptions, SimulationReport } from "./simulation-options.ts";
import { describeEvent, Digest } from "./trace.ts";
import type { Workload } from "./workload.ts";
import { ViolationError } from "./violation.ts";

/**
 * Runs one seed: a cluster, its clients and its misfortunes; then heals everything and waits for agreement.
 * Throws {@link SimulationError} as soon as a promise is broken.
 */
export function simulate(options: SimulationOptions): SimulationReport {
  const simulation = new Simulation(options);
  try {
    simulation.run(options.steps ?? 3_000);
  } catch (error) {
    throw simulation.failure(error);
  }
  return simulation.report();
}

/** One run. Use {@link simulate}; this is for those who want to look at the cluster between steps. */
export class Simulation {
  readonly cluster: Cluster;
  readonly #options: SimulationOptions;
  readonly #plan: FaultPlan;
  readonly #injector: Injector;
  readonly #clientRandom: Random;
  readonly #digest = new Digest();
  readonly #counters = noCounts();
  readonly #faults: number[] = [];

  constructor(options: SimulationOptions) {
    const { seed, without, engine = raftEngine, admitsWiped = false } = options;
    const profile = profileOf(seed, without);
    this.#options = options;
    this.cluster = new Cluster({ seed, profile, engine, counters: this.#counters, admitsWiped });
    this.#plan = new FaultPlan(seed, profile, options.skippedFaults ?? new Set());
    this.#injector = new Injector(this.cluster);
    this.#clientRandom = new Random(seed, 9);
  }

  get #workload(): Workload {
    return this.cluster.observer.workload;
  }

  /** Runs to the end, or throws at the first broken promise. */
  run(steps: number): void {
    this.#begin();
    while (this.#counters.steps < steps && this.step());
    recover(this, this.#injector.retired);
    this.#workload.finish();
  }

  /** The next thing that happens. False when nothing will. */
  step(): boolean {
    const { queue } = this.cluster;
    for (;;) {
      const event = queue.next();
      if (event === undefined) return false;
      if (!this.#handle(event)) continue;
      this.#counters.steps += 1;
      return true;
    }
  }

  /** What the run counted so far. */
  report(): SimulationReport {
    const { elections, commits } = this.cluster.observer;
    const counters = { ...this.#counters, commits: commits.index, terms: elections.terms };
    return { seed: this.#options.seed, digest: this.#digest.toString(), counters };
  }

  /** Whatever was thrown, as a failure of this seed. */
  failure(error: unknown): SimulationError {
    const violation =
      error instanceof ViolationError
        ? error
        : new ViolationError("coreAssertion", error instanceof Error ? error.message : String(error), {
            cause: error,
          });
    return new SimulationError(this.#options.seed, this.#counters.steps, violation, this.#faults);
  }

  #begin(): void {
    const { cluster } = this;
    const { powerCut } = this.#options;
    if (powerCut !== undefined)
      cluster.powerCuts.arm(powerCut.node, { calls: powerCut.call, cut: powerCut.cut });
    cluster.found();
    cluster.queue.add(0, { type: "client" });
    this.#planFault();
  }

  #planFault(): void {
    const fault = this.#plan.next();
    if (fault !== undefined) this.cluster.queue.addAt(fault.atUs, { type: "fault", fault });
  }

  /** False for what does not happen: it is for nobody, or came too late. */
  #handle(event: SimEvent): boolean {
    const { cluster } = this;
    const node = nodeOf(cluster, event);
    if ("epoch" in event && (node?.isUp !== true || node.epoch !== event.epoch)) return false;
    if (node !== undefined && cluster.pauses.putOff(node.id, event)) return false;
    this.#note(event);
    switch (event.type) {
      case "packet":
        if (node?.isUp !== true || cluster.network.isCut(event.packet.from, event.packet.to)) {
          cluster.lose(event.packet);
          return false;
        }
        node.receive(event.packet);
        return true;
      case "tick":
        if (node === undefined) return false;
        cluster.scheduleTick(node);
        node.tick();
        return true;
      case "disk":
        node?.storageDone(event.device);
        return true;
      case "apply":
        node?.applyDone();
        return true;
      case "read":
        if (node === undefined || cluster.isCalm) return false;
        this.#workload.read(node);
        return true;
      case "start":
        if (this.#injector.retired.has(event.node)) return false;
        cluster.start(event.node);
        return true;
      default:
        return this.#handleWorld(event);
    }
  }

  #handleWorld(event: SimEvent): boolean {
    const { cluster } = this;
    if (cluster.isCalm) return false;
    switch (event.type) {
      case "client":
        cluster.queue.add(this.#clientRandom.exponential(cluster.profile.clientGapUs), { type: "client" });
        this.#workload.act(cluster.awake, cluster.profile);
        return true;
      case "fault":
        this.#faults.push(event.fault.number);
        this.#injector.inject(event.fault);
        this.#planFault();
        return true;
      case "heal":
        cluster.network.heal();
        cluster.slowDisks.clear();
        return true;
      default:
        return false;
    }
  }

  #note(event: SimEvent): void {
    const { queue } = this.cluster;
    this.#digest.add(queue.nowUs);
    this.#digest.add(EVENT_CODES[event.type]);
    if (event.type === "packet") {
      this.#digest.add(event.packet.from * 32 + event.packet.to);
      this.#digest.add("term" in event.packet ? event.packet.term : 0);
    } else if ("node" in event) {
      this.#digest.add("device" in event && event.device === "state" ? event.node + 32 : event.node);
    }
    this.#options.trace?.(`${(queue.nowUs / 1000).toFixed(3).padStart(10)} ms  ${describeEvent(event)}`);
  }
}

function nodeOf(cluster: Cluster, event: SimEvent): SimNode | undefined {
  if (event.type === "packet") return cluster.node(event.packet.to);
  return "node" in event ? cluster.node(event.node) : undefined;
}
