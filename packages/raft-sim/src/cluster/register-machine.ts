import { decodeConfiguration, type Configuration, type Entry, type SnapshotMeta } from "@coxswain/raft-core";

/** Registers of the replicated state; few, so that operations meet. */
export const REGISTER_COUNT = 4;

/** The state as of one index. Never changes once made. */
export interface MachineState {
  readonly meta: SnapshotMeta;
  readonly values: readonly number[];
  /** Of everything applied, in order: equal at one index on all nodes. */
  readonly digest: number;
}

/** A command sets one register; `padding` bytes give it a size. */
export function writeCommand(register: number, value: number, padding: number): Uint8Array {
  const bytes = new Uint8Array(5 + padding);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, register);
  view.setUint32(1, value);
  return bytes;
}

/** The replicated state: a few registers, and a digest of the history that led there. */
export class RegisterMachine {
  #index: number;
  #term: number;
  #configuration: Configuration;
  #values: number[];
  #digest: number;

  constructor(state: MachineState) {
    this.#index = state.meta.index;
    this.#term = state.meta.term;
    this.#configuration = state.meta.configuration;
    this.#values = [...state.values];
    this.#digest = state.digest;
  }

  /** The last index applied. */
  get index(): number {
    return this.#index;
  }

  /** The newest applied: committed for good. */
  get configuration(): Configuration {
    return this.#configuration;
  }

  get digest(): number {
    return this.#digest;
  }

  valueOf(register: number): number {
    return this.#values[register] ?? 0;
  }

  apply(entry: Entry): void {
    this.#index = entry.index;
    this.#term = entry.term;
    this.#digest = mix(mix(this.#digest, entry.index), entry.term);
    if (entry.type === "config") this.#configuration = decodeConfiguration(entry.data);
    if (entry.type !== "normal") return;
    const { data } = entry;
    const value = ((data[1] ?? 0) << 24) | ((data[2] ?? 0) << 16) | ((data[3] ?? 0) << 8) | (data[4] ?? 0);
    this.#values[data[0] ?? 0] = value;
    this.#digest = mix(this.#digest, value);
  }

  state(): MachineState {
    const meta = {
      index: this.#index,
      term: this.#term,
      configuration: this.#configuration,
      featureLevel: 0,
    };
    return { meta, values: [...this.#values], digest: this.#digest };
  }
}

/** The state before anything was applied. */
export function emptyMachineState(configuration: Configuration): MachineState {
  const meta = { index: 0, term: 0, configuration, featureLevel: 0 };
  return { meta, values: Array.from({ length: REGISTER_COUNT }, () => 0), digest: 0 };
}

function mix(digest: number, value: number): number {
  return Math.imul((digest ^ value) + 0x9e3779b9, 0x85ebca6b) >>> 0;
}
