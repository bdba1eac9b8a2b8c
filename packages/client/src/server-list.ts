import { BlockList, isIP } from "node:net";
import { CoxswainClientError } from "./errors.ts";

/**
 * The servers a client was given, and which of them to ask. Stays with one that answers, moves on from one that
 * does not, and prefers the leader when one of them is it: any node serves any call, but the leader without a detour.
 */
export class ServerList {
  readonly #addresses: readonly string[];
  #current = 0;

  /** @throws CoxswainClientError for no server or one that is not `host:port` */
  constructor(addresses: readonly string[]) {
    this.#addresses = [...new Set(addresses.map(withPort))];
    if (this.#addresses.length === 0) {
      throw new CoxswainClientError(
        "NO_SERVERS",
        "invalid",
        "No server given: name at least one as host:port.",
      );
    }
  }

  get current(): string {
    return this.#addresses[this.#current] ?? "";
  }

  get all(): readonly string[] {
    return this.#addresses;
  }

  /** Moves on if `address` is the current one; a late failure of one left before changes nothing. */
  failed(address: string): void {
    if (address === this.current) this.#current = (this.#current + 1) % this.#addresses.length;
  }

  /**
   * Takes a hint. Addresses that the client was not given are ignored: they may be reachable for nodes only, and
   * nobody but the user decides whom to trust.
   */
  prefer(leader: string | undefined): void {
    const index = leader === undefined ? -1 : this.#addresses.indexOf(leader);
    if (index !== -1) this.#current = index;
  }
}

const defaultPort = 50_051;

function withPort(address: string): string {
  const trimmed = address.trim();
  const bare = isIP(trimmed) === 6 ? `[${trimmed}]` : trimmed;
  const complete = /:\d+$/.test(bare) && isIP(trimmed) !== 6 ? bare : `${bare}:${String(defaultPort)}`;
  if (!/^(\[[0-9A-Fa-f:.%]+\]|[A-Za-z0-9._-]+):\d{1,5}$/.test(complete)) {
    throw new CoxswainClientError(
      "INVALID_SERVER",
      "invalid",
      `${JSON.stringify(address)} is not a server: write host:port, without a scheme.`,
    );
  }
  return complete;
}

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

/** Whether `address` (`host:port`) never leaves this machine. */
export function isLoopback(address: string): boolean {
  const host = address.slice(0, address.lastIndexOf(":")).replace(/^\[(.*)\]$/, "$1");
  if (host === "localhost") return true;
  const family = isIP(host);
  return family !== 0 && loopback.check(host, family === 6 ? "ipv6" : "ipv4");
}
