/**
 * Credentials of both directions, from the options: mutual TLS, or none on loopback (or where that was said aloud).
 */
import { X509Certificate } from "node:crypto";
import type { ChannelCredentials } from "@grpc/grpc-js";
import { channelCredentials, insecureChannelCredentials, loadTls, TlsMaterial } from "@coxswain/rpc";
import type { TlsFiles, TlsPem } from "@coxswain/rpc";
import { secure } from "./config/load-config.ts";
import type { NodeOptions } from "./config/options.ts";
import { checkNodeCertificate, namesHost } from "./node-certificate.ts";
import type { SecurityEventFields } from "./security/security-events.ts";

export interface Credentials {
  readonly secure: boolean;
  /** What the server shows and asks for; undefined without TLS. */
  readonly material: TlsMaterial | undefined;
  /** Made anew for each channel, so that new channels use reloaded certificates. */
  readonly channel: () => ChannelCredentials;
  /** Reads the files again; whether anything had changed. Throws when the new set is unusable; the old one stays. */
  readonly reload: () => boolean;
  /** Calls back after each reload that changed something, whoever asked for it. Connections that stand use what they were made with. */
  readonly onReload: (listener: () => void) => () => void;
  /** Whether others who dial this address accept the certificate for it. */
  readonly namesHost: (address: string) => boolean;
  /** Of the certificate in use, for the log. */
  readonly describe: () => SecurityEventFields["certificate.reloaded"] | undefined;
  readonly close: () => void;
}

/** Without TLS. */
export const insecureCredentials: Credentials = {
  secure: false,
  material: undefined,
  channel: insecureChannelCredentials,
  reload: () => false,
  onReload: () => () => {},
  namesHost: () => true,
  describe: () => undefined,
  close: () => {},
};

/** @throws TlsFilesError, NodeCertificateError when a file cannot be read, they do not belong together, or peers would refuse them */
export function loadCredentials(options: NodeOptions, onReloadError: (error: unknown) => void): Credentials {
  const { caCert, cert, key, certReloadInterval } = options;
  if (!secure(options) || caCert === undefined || cert === undefined || key === undefined) return insecureCredentials;
  const material = nodeTls({ ca: caCert, cert, key });
  return {
    secure: true,
    material,
    channel: () => channelCredentials(material),
    reload: () => material.reload(),
    onReload: (listener) => material.onReload(listener),
    namesHost: (address) => namesHost(material.current, address),
    describe: () => describe(material.current),
    close: certReloadInterval === 0 ? () => {} : material.watch({ intervalMs: certReloadInterval, onError: onReloadError }),
  };
}

/** Checked at each reading: a reload must not put in what the others will refuse. */
function nodeTls(files: TlsFiles): TlsMaterial {
  return new TlsMaterial(() => {
    const pem = loadTls(files).current;
    checkNodeCertificate(pem, files, Date.now());
    return pem;
  });
}

function describe({ ca, cert }: TlsPem): SecurityEventFields["certificate.reloaded"] {
  const { subject, validTo, fingerprint256 } = new X509Certificate(cert);
  return {
    name: /^CN=(.*)$/m.exec(subject)?.[1] ?? "",
    validTo: new Date(validTo).toISOString(),
    fingerprint: fingerprint256,
    authorities: ca.match(/-----BEGIN CERTIFICATE-----/g)?.length ?? 0,
  };
}
