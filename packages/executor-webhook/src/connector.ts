import type { LookupAddress } from "node:dns";
import { lookup as systemLookup } from "node:dns/promises";
import { isIP } from "node:net";
import type { LookupFunction } from "node:net";
import { buildConnector } from "undici";
import type { TargetPolicy } from "./target-policy.ts";
import type { Lookup, WebhookExecutorOptions } from "./webhook-options.ts";

const resolveName: Lookup = (hostname) => systemLookup(hostname, { all: true, verbatim: true });

/**
 * Opens connections to allowed addresses only. The address that is checked is the one that is
 * connected to: a name is resolved once, here, and what its owner answers the next time does
 * not matter.
 */
export function checkedConnector(policy: TargetPolicy, options: WebhookExecutorOptions): buildConnector.connector {
  const { ca } = options;
  const connect = buildConnector({
    timeout: options.connectTimeoutMs ?? 10_000,
    lookup: checkedLookup(policy, options.lookup ?? resolveName),
    ...(ca === undefined ? {} : { ca: typeof ca === "string" ? ca : [...ca] }),
  });
  return (target, callback) => {
    const hostname = target.hostname.replace(/^\[|\]$/g, "");
    // A literal address is connected to without a lookup.
    if (isIP(hostname) !== 0 && !policy.allows(hostname)) callback(policy.refusal(hostname, hostname), null);
    else connect(target, callback);
  };
}

/** Why none of a name's addresses will do. */
function refusal(policy: TargetPolicy, hostname: string, addresses: readonly LookupAddress[]): Error {
  const [first] = addresses;
  if (first) return policy.refusal(hostname, first.address);
  return Object.assign(new Error(`${hostname} has no address.`), { code: "ENOTFOUND", syscall: "getaddrinfo" });
}

function checkedLookup(policy: TargetPolicy, lookup: Lookup): LookupFunction {
  return (hostname, options, callback) => {
    const answer = async (): Promise<void> => {
      const addresses = await lookup(hostname);
      const allowed = addresses.filter(({ address }) => policy.allows(address));
      const [first] = allowed;
      if (!first) throw refusal(policy, hostname, addresses);
      if (options.all) callback(null, allowed);
      else callback(null, first.address, first.family);
    };
    answer().catch((error: NodeJS.ErrnoException) => callback(error, ""));
  };
}
