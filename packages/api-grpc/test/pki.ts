import { createCa, issueCertificate } from "@coxswain/pki";
import type { CertificateKind, KeyedCertificate } from "@coxswain/pki";
import { channelCredentials, serverCredentials, tlsFromPem } from "@coxswain/rpc";
import type { TlsMaterial } from "@coxswain/rpc";
import type { ChannelCredentials, ServerCredentials } from "@grpc/grpc-js";

/** One CA and a certificate for whoever is asked for. */
export class TestPki {
  readonly #ca: KeyedCertificate;
  readonly #issued = new Map<string, TlsMaterial>();

  private constructor(ca: KeyedCertificate) {
    this.#ca = ca;
  }

  static async create(...holders: readonly (readonly [CertificateKind, string])[]): Promise<TestPki> {
    const pki = new TestPki(await createCa({ clusterName: "test" }));
    for (const [kind, name] of holders) await pki.#issue(kind, name);
    return pki;
  }

  server(name: string): ServerCredentials {
    return serverCredentials(this.#material(name));
  }

  channel(name: string): ChannelCredentials {
    return channelCredentials(this.#material(name));
  }

  #material(name: string): TlsMaterial {
    return this.#issued.get(name)!;
  }

  async #issue(kind: CertificateKind, name: string): Promise<void> {
    const { certificate, privateKey } = await issueCertificate({ ca: this.#ca, kind, name });
    this.#issued.set(name, tlsFromPem({ ca: this.#ca.certificate, cert: certificate, key: privateKey }));
  }
}
