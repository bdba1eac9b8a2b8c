import ipaddr from "ipaddr.js";
import { ExecutorError } from "@coxswain/executor";

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Range = readonly [Address, number];

/** The only part of IPv6 that is given out for public use. */
const GLOBAL_IPV6 = ipaddr.IPv6.parseCIDR("2000::/3");

/** A webhook's target is an address that jobs may not reach. */
export class TargetRefusedError extends ExecutorError {
  readonly code = "TARGET_REFUSED";
  readonly category = "denied";
}

/** Which addresses webhooks may reach. */
export class TargetPolicy {
  readonly #all: boolean;
  readonly #ranges: readonly Range[];

  /** Throws a RangeError for an entry that is no CIDR. */
  constructor(allow: readonly string[] | "all") {
    this.#all = allow === "all";
    this.#ranges = allow === "all" ? [] : allow.map(rangeOf);
  }

  /** @param address as a resolver gives it; an IPv4 address inside IPv6 counts as IPv4 */
  allows(address: string): boolean {
    if (!ipaddr.isValid(address)) return false;
    const parsed = ipaddr.process(address);
    return this.#all || isPublic(parsed) || this.#ranges.some((range) => isWithin(parsed, range));
  }

  /** What to say about an address that is not allowed. */
  refusal(hostname: string, address: string): TargetRefusedError {
    const target = hostname === address ? address : `${hostname} (${address})`;
    return new TargetRefusedError(
      `${target} is not a public address; name its range in the node's list of allowed webhook targets if jobs may reach it.`,
    );
  }
}

function isPublic(address: Address): boolean {
  if (address.range() !== "unicast") return false;
  return address.kind() === "ipv4" || isWithin(address, GLOBAL_IPV6);
}

function isWithin(address: Address, [base, bits]: Range): boolean {
  if (address instanceof ipaddr.IPv4 && base instanceof ipaddr.IPv4) return address.match(base, bits);
  if (address instanceof ipaddr.IPv6 && base instanceof ipaddr.IPv6) return address.match(base, bits);
  return false;
}

function rangeOf(cidr: string): Range {
  try {
    return ipaddr.parseCIDR(cidr);
  } catch (error) {
    throw new RangeError(`allow: ${JSON.stringify(cidr)} is no CIDR; write it like 10.1.0.0/16 or fd00::/8.`, { cause: error });
  }
}
