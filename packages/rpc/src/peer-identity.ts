import { PermissionDeniedError, UnauthenticatedError } from "./errors.ts";

/** What a certificate's holder may do: run the cluster's inner calls, operate the cluster, or own jobs. */
export type PeerRole = "node" | "admin" | "client";

/** Who calls, by its certificate. */
export interface PeerIdentity {
  /** The certificate's CN. A free text: keep owners in a Map, `__proto__` is a plain name. */
  readonly name: string;
  readonly role: PeerRole;
}

/** Whom a server without TLS may take its callers for: whoever reaches its port may do anything a person can. */
export const localAdmin: PeerIdentity = Object.freeze({ name: "local", role: "admin" });
/** Whom the inner services of a server without TLS take their callers for. */
export const localNode: PeerIdentity = Object.freeze({ name: "local", role: "node" });

/** The part of every kind of grpc-js server call that tells who calls. */
export interface AuthenticatedCall {
  /** What TLS knows of the caller. */
  getAuthContext(): { readonly sslPeerCertificate?: { readonly subject?: object } };
}

/**
 * Who calls, from the verified certificate: CN is the name, OU the role (`client` unless it says node or admin).
 *
 * The handshake accepts certificates without CN, and gives a list for one with two; neither is an identity.
 *
 * @param insecure whom to take callers without a certificate for; give it only for a server without TLS
 * @throws UnauthenticatedError
 */
export function peerIdentity(call: AuthenticatedCall, insecure?: PeerIdentity): PeerIdentity {
  const certificate = call.getAuthContext().sslPeerCertificate;
  if (certificate === undefined) {
    if (insecure !== undefined) return insecure;
    throw new UnauthenticatedError(
      "No client certificate: connect with one that this cluster's CA issued (`cox cert issue`).",
    );
  }
  return identityIn(certificate);
}

/**
 * Whom a verified certificate names.
 *
 * @throws UnauthenticatedError
 */
export function identityIn(certificate: { readonly subject?: object }): PeerIdentity {
  const subject = new Map<string, unknown>(Object.entries(certificate.subject ?? {}));
  const name = subject.get("CN");
  if (typeof name !== "string" || name.trim() === "") {
    throw new UnauthenticatedError(
      "The client certificate does not have exactly one CN: issue one with `cox cert issue`.",
    );
  }
  return { name, role: roleOf(subject.get("OU")) };
}

function roleOf(unit: unknown): PeerRole {
  if (Array.isArray(unit)) {
    throw new UnauthenticatedError(
      "The client certificate has more than one OU: issue one with `cox cert issue`.",
    );
  }
  return unit === "node" || unit === "admin" ? unit : "client";
}

/** @throws PermissionDeniedError unless the peer has one of `roles` */
export function requireRole(peer: PeerIdentity, ...roles: readonly PeerRole[]): void {
  if (roles.includes(peer.role)) return;
  throw new PermissionDeniedError(
    `${JSON.stringify(peer.name)} is a ${peer.role} and this call is for ${roles.join(" or ")}: use a certificate of that kind.`,
  );
}
