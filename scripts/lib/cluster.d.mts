/** Types of cluster.mjs, for the tests. */
export interface CertificatePaths {
  readonly caCert: string;
  readonly cert: string;
  readonly key: string;
}

export declare class NodeProcess {
  constructor(options: { readonly id: number; readonly address: string; readonly args: readonly string[]; readonly logPath: string });
  readonly id: number;
  readonly address: string;
  readonly args: readonly string[];
  readonly logPath: string;
  readonly running: boolean;
  readonly pid: number | undefined;
  start(): void;
  kill(signal?: NodeJS.Signals): Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null } | undefined>;
}

export interface LocalClusterOptions {
  readonly size?: number;
  readonly preferredPort?: number;
  readonly extraArgs?: readonly string[];
  readonly tls?: boolean;
  /** Whether processes are held in as far as the machine can. Default `none`. */
  readonly isolation?: "full" | "none";
}

export declare class LocalCluster {
  static create(options?: LocalClusterOptions): Promise<LocalCluster>;
  readonly directory: string;
  readonly certificates: { readonly nodes: ReadonlyMap<number, CertificatePaths>; readonly admin: CertificatePaths; readonly client: CertificatePaths };
  readonly nodes: readonly NodeProcess[];
  readonly addresses: readonly string[];
  node(id: number): NodeProcess | undefined;
  start(): void;
  destroy(): Promise<void>;
}

export declare function freePort(preferred?: number): Promise<number>;
export declare function makeCertificates(directory: string, nodeIds: readonly number[]): Promise<LocalCluster["certificates"]>;
