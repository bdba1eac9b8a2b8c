/**
 * What an operator makes once for a cluster: its CA, a certificate for each node, and the list of nodes.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createCa, issueCertificate } from "@coxswain/pki";

/**
 * Writes `ca.crt`, `node-<id>.crt`, `node-<id>.key` and `nodes.json`. In production each node gets its own key only, and
 * the CA's key stays offline; here it is forgotten.
 *
 * @param {string} directory
 * @param {readonly {id: number, address: string, http: string}[]} nodes `address` between nodes, `http` for clients
 */
export async function prepare(directory, nodes) {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const ca = await createCa({ clusterName: "replicated-kv" });
  await writeFile(join(directory, "ca.crt"), ca.certificate);
  for (const { id } of nodes) {
    const { certificate, privateKey } = await issueCertificate({ ca, kind: "node", name: `node-${id}` });
    await writeFile(join(directory, `node-${id}.crt`), certificate);
    await writeFile(join(directory, `node-${id}.key`), privateKey, { mode: 0o600 });
  }
  await writeFile(join(directory, "nodes.json"), `${JSON.stringify(nodes, null, 2)}\n`);
}
