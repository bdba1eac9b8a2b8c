/**
 * Opens the identity of a node at start: makes one on a new disk and counts the start.
 */
import type { Identity, IdentityStore } from "./identity.ts";

/**
 * Loads the identity, or makes one with a new uuid; counts this start (G2) and saves the
 * result before anyone can be told of it.
 */
export async function startIdentity(store: IdentityStore, newUuid: () => string): Promise<Identity> {
  const saved = await store.load();
  const identity: Identity = saved
    ? { ...saved, starts: saved.starts + 1 }
    : { nodeUuid: newUuid(), starts: 1 };
  await store.save(identity);
  return identity;
}
