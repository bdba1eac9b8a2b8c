/**
 * The in-memory twin of an identity store: a disk that a test can keep, wipe or copy.
 */
import type { Identity, IdentityStore } from "./identity.ts";

export class MemoryIdentityStore implements IdentityStore {
  #saved: Identity | undefined;

  constructor(saved?: Identity) {
    this.#saved = saved;
  }

  /** The last identity saved: what a node answers others from. */
  get saved(): Identity | undefined {
    return this.#saved;
  }

  load(): Promise<Identity | undefined> {
    return Promise.resolve(this.#saved);
  }

  save(identity: Identity): Promise<void> {
    this.#saved = structuredClone(identity);
    return Promise.resolve();
  }
}
