export interface NodeAddresses {
  readonly id: number;
  readonly address: string;
  readonly http: string;
}

export function prepare(directory: string, nodes: readonly NodeAddresses[]): Promise<void>;
