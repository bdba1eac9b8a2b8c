/**
 * Every event of the security log, once: its stable name, when it is written, and its fields.
 * The log itself and docs/reference/security-events.md both come from this table.
 */

/** Who asked. */
interface Caller {
  readonly client: string;
  readonly role: string;
  readonly from: string;
}

/** The fields of each event, besides `event`, `level`, `time`, `node` and the message. */
export interface SecurityEventFields {
  "handshake.refused": { readonly from: string; readonly cause: string };
  "call.unauthenticated": { readonly from: string; readonly call: string };
  "call.denied": Caller & { readonly call: string; readonly code: string; readonly jobId?: string };
  "limit.hit": { readonly limit: string; readonly from: string; readonly client?: string; readonly role?: string; readonly call?: string };
  "connection.ended": { readonly from: string; readonly client?: string; readonly role?: string; readonly cause: string };
  "job.submitted": Caller & { readonly jobIds: readonly string[] };
  "job.cancelled": Caller & { readonly jobId: string };
  "job.stopped": Caller & { readonly jobId: string };
  "job.deleted": Caller & { readonly jobId: string };
  "attempt.started": { readonly jobId: string; readonly owner: string; readonly execution: string; readonly attempt: number; readonly kind: string };
  "attempt.ended": { readonly jobId: string; readonly execution: string; readonly attempt: number; readonly outcome: string; readonly exitCode?: number };
  "certificate.reloaded": { readonly name: string; readonly validTo: string; readonly fingerprint: string; readonly authorities: number };
  "certificate.refused": { readonly cause: string; readonly reason: string };
  "node.drained": Caller & { readonly nodeId: number };
  "node.resumed": Caller & { readonly nodeId: number };
  "leadership.transferred": Partial<Caller> & { readonly leader: number };
}

export type SecurityEventName = keyof SecurityEventFields;

type FieldName<Fields> = Fields extends unknown ? keyof Fields & string : never;

interface Definition<Name extends SecurityEventName> {
  readonly level: "info" | "warn";
  readonly message: string;
  /** When it is written. */
  readonly meaning: string;
  readonly fields: readonly FieldName<SecurityEventFields[Name]>[];
  /** Of events that a stranger, or a client without the right, can cause at will: the fields that tell one source from another, for the limit on lines. */
  readonly source?: readonly FieldName<SecurityEventFields[Name]>[];
}

export const SECURITY_EVENTS: { readonly [Name in SecurityEventName]: Definition<Name> } = {
  "handshake.refused": {
    level: "warn",
    message: "handshake refused",
    meaning: "A TLS handshake failed: no client certificate, one of another CA, expired, or not for clients; TLS below 1.3; no TLS at all.",
    fields: ["from", "cause"],
    source: ["from", "cause"],
  },
  "call.unauthenticated": {
    level: "warn",
    message: "call without an identity",
    meaning: "A call came with a certificate that does not name exactly one holder.",
    fields: ["from", "call"],
    source: ["from"],
  },
  "call.denied": {
    level: "warn",
    message: "call denied",
    meaning: "The caller is known and may not do this: another's job, a call for admins, a call between nodes.",
    fields: ["client", "role", "from", "call", "code", "jobId"],
    source: ["client", "call"],
  },
  "limit.hit": {
    level: "warn",
    message: "limit hit",
    meaning: "A limit refused a connection or a call; `limit` is the option, or the code of the refusal.",
    fields: ["limit", "client", "role", "from", "call"],
    source: ["limit", "from"],
  },
  "connection.ended": {
    level: "warn",
    message: "connection ended",
    meaning: "The certificate of an open connection has expired, or its CA is gone since the last reload.",
    fields: ["client", "role", "from", "cause"],
  },
  "job.submitted": {
    level: "info",
    message: "jobs submitted",
    meaning: "Jobs were acknowledged: one line for each request, on the node that took it.",
    fields: ["client", "role", "from", "jobIds"],
  },
  "job.cancelled": { level: "info", message: "job cancelled", meaning: "A job was cancelled, or its running attempt asked to stop.", fields: ["client", "role", "from", "jobId"] },
  "job.stopped": { level: "info", message: "job stopped", meaning: "A job was stopped through the job worker's service.", fields: ["client", "role", "from", "jobId"] },
  "job.deleted": { level: "info", message: "job deleted", meaning: "A job was removed with its history.", fields: ["client", "role", "from", "jobId"] },
  "attempt.started": {
    level: "info",
    message: "attempt starts",
    meaning: "A task begins to run on this node.",
    fields: ["jobId", "owner", "execution", "attempt", "kind"],
  },
  "attempt.ended": {
    level: "info",
    message: "attempt ended",
    meaning: "It does not run here any more.",
    fields: ["jobId", "execution", "attempt", "outcome", "exitCode"],
  },
  "certificate.reloaded": {
    level: "info",
    message: "certificates reloaded; new connections use them",
    meaning: "New files of CA, certificate or key are in use. `name`, `validTo` and `fingerprint` are the certificate's, `authorities` counts the CAs.",
    fields: ["name", "validTo", "fingerprint", "authorities"],
  },
  "certificate.refused": {
    level: "warn",
    message: "certificates were not reloaded; the old ones stay",
    meaning: "The files cannot be read, do not fit together, or hold what the other nodes would refuse.",
    fields: ["cause", "reason"],
    source: ["cause", "reason"],
  },
  "node.drained": { level: "info", message: "node drained", meaning: "An admin took a node out of service; what runs there goes on.", fields: ["client", "role", "from", "nodeId"] },
  "node.resumed": { level: "info", message: "node resumed", meaning: "An admin put a drained node back into service.", fields: ["client", "role", "from", "nodeId"] },
  "leadership.transferred": {
    level: "info",
    message: "handed leadership over",
    meaning: "Leadership went to another node on purpose: an admin asked, or, without `client`, the node stops.",
    fields: ["client", "role", "from", "leader"],
  },
};
