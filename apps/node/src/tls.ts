/**
 * Credentials of both directions, from the options: mutual TLS, or none on loopback (or where that was said aloud).
 */
import type { ChannelCredentials, ServerCredentials } from "@grpc/grpc-js";
import {
  channelCredentials,
  insecureChannelCredentials,
  insecureServerCredentials,
  loadTls,
  serverCredentials,
  TlsMaterial,
} from "@coxswain/rpc";
import type { TlsFiles } from "@coxswain/rpc";
import { secure } from "./config/load-config.ts";
import type { NodeOptions } from "./config/options.ts";
import { checkNodeCertificate, namesHost } from "./node-certificate.ts";

export interface Credentials {
  readonly secure: boolean;
  readonly server: ServerCredentials;
  /** Made anew for each channel, so that new channels use reloaded certificates. */
  readonly channel: () => ChannelCredentials;
  /** Reads the files again; whether anything had changed. Throws when the new set is unusable; the old one stays. */
  readonly reload: () => boolean;
  /** Calls back after each reload that changed something, whoever asked for it. Connections that stand use what they were made with. */
  readonly onReload: (listener: () => void) => () => void;
  /** Whether others who dial this address accept the certificate for it. */
  readonly namesHost: (address: string) => boolean;
  readonly close: () => void;
}

/** @throws TlsFilesError, NodeCertificateError when a file cannot be read, they do not belong together, or peers would refuse them */
export function loadCredentials(options: NodeOptions, onReloadError: (error: unknown) => void): Credentials {
  const { caCert, cert, key } = options;
  if (!secure(options) || caCert === undefined || cert === undefined || key === undefined)
    return {
      secure: false,
      server: insecureServerCredentials(),
      channel: insecureChannelCredentials,
      reload: () => false,
      onReload: () => () => {},
      namesHost: () => true,
      close: () => {},
    };
  const material = nodeTls({ ca: caCert, cert, key });
  return {
    secure: true,
    server: serverCredentials(material),
    channel: () => channelCredentials(material),
    reload: () => material.reload(),
    onReload: (listener) => material.onReload(listener),
    namesHost: (address) => namesHost(material.current, address),
    close: material.watch({ onError: onReloadError }),
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
