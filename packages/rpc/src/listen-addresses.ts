import { lookup } from "node:dns/promises";
import { isIP } from "node:net";

/** What gives the addresses of a name; a test gives another. */
export type Resolve = (host: string) => Promise<readonly { readonly address: string }[]>;

const byName: Resolve = (host) => lookup(host, { all: true });

/** The addresses of a host, each once: a name that stands twice in /etc/hosts has its address twice. */
export async function listenAddresses(host: string, resolve: Resolve = byName): Promise<readonly string[]> {
  if (isIP(host) !== 0) return [host];
  return [...new Set((await resolve(host)).map(({ address }) => address))];
}
