import type { ConnectionOptions } from "node:tls";
import { type KeyedCertificate, createCa, issueCertificate } from "@coxswain/pki";
import { expiredCertificate, keyed, oddCertificate, serverAuth } from "./certificates.ts";

/** Who connects to a server of `ca`, how it is refused, and with what it connects. */
export type RefusedHandshake = [
  what: string,
  cause: string,
  options: (ca: KeyedCertificate) => Promise<ConnectionOptions>,
];

export const REFUSED_HANDSHAKES: readonly RefusedHandshake[] = [
  ["without a client certificate", "ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE", () => Promise.resolve({})],
  [
    "with a certificate of another CA",
    "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    async () => {
      const ca = await createCa({ clusterName: "other" });
      return keyed(await issueCertificate({ ca, kind: "admin", name: "mallory" }));
    },
  ],
  ["with an expired certificate", "CERT_HAS_EXPIRED", async (ca) => keyed(await expiredCertificate(ca))],
  [
    "with a certificate for servers only",
    "INVALID_PURPOSE",
    async (ca) => keyed(await oddCertificate({ ca, subject: [{ CN: ["alice"] }], usage: serverAuth })),
  ],
];
