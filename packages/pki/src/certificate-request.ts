import { isIP } from "node:net";
import { InvalidCertificateRequestError } from "./errors.ts";

/** Who a certificate is for: a cluster member, an operator of the cluster, or an owner of jobs. */
export type CertificateKind = "node" | "admin" | "client";

const kinds: readonly CertificateKind[] = ["node", "admin", "client"];
const nameForm = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/;
const hostForm =
  /^(?=.{1,253}$)(\*\.)?[A-Za-z0-9_]([A-Za-z0-9_-]{0,62})(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,62}))*$/;
const maxDays = 36_500;

/** A subject name: 1 to 64 of letters, digits and `._@-`, so that it reads the same in every log and tool. */
export function assertName(name: string): void {
  if (!nameForm.test(name)) {
    throw new InvalidCertificateRequestError(
      `${JSON.stringify(name)} cannot be a certificate's name: use 1 to 64 letters, digits, '.', '_', '@' or '-'.`,
    );
  }
}

export function assertKind(kind: string): asserts kind is CertificateKind {
  if (!kinds.some((known) => known === kind)) {
    throw new InvalidCertificateRequestError(
      `Unknown kind ${JSON.stringify(kind)}: use node, admin or client.`,
    );
  }
}

export function assertDays(days: number): void {
  if (!Number.isFinite(days) || days <= 0 || days > maxDays) {
    throw new InvalidCertificateRequestError(
      `Validity of ${String(days)} days: use more than 0 and at most ${String(maxDays)}.`,
    );
  }
}

/** A subject alternative name, typed as X.509 wants it. */
export interface AlternativeName {
  readonly type: "dns" | "ip";
  readonly value: string;
}

/** `hosts` without doubles, each told apart as IP address or DNS name. */
export function alternativeNames(hosts: readonly string[]): AlternativeName[] {
  return [...new Set(hosts)].map((host) => {
    if (isIP(host) !== 0) return { type: "ip", value: host };
    if (hostForm.test(host)) return { type: "dns", value: host };
    throw new InvalidCertificateRequestError(
      `${JSON.stringify(host)} is neither a DNS name nor an IP address: give hosts without scheme and port.`,
    );
  });
}
