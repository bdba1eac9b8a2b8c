import { afterEach } from "@jest/globals";
import type { ServerCredentials } from "@grpc/grpc-js";
import { type ClientOptions, CoxswainClient } from "@coxswain/client";
import { FakeCluster, FakeServer } from "./fake-cluster.ts";

export interface Fixture {
  readonly cluster: FakeCluster;
  server(credentials?: ServerCredentials, without?: string[]): Promise<FakeServer>;
  client(servers: readonly (FakeServer | string)[], options?: Partial<ClientOptions>): CoxswainClient;
}

const open: (() => void)[] = [];

afterEach(() => {
  for (const close of open.splice(0)) close();
});

/** Servers and clients that are gone after the test; short pauses, so that retries take no time. */
export function fixture(): Fixture {
  const cluster = new FakeCluster();
  return {
    cluster,
    server: async (credentials, without) => {
      const server = await FakeServer.start(cluster, credentials, without);
      open.push(() => {
        server.die();
      });
      return server;
    },
    client: (servers, options = {}) => {
      const client = CoxswainClient.connect({
        servers: servers.map((server) => (typeof server === "string" ? server : server.address)),
        backoff: { initialMs: 2, maxMs: 20 },
        timeoutMs: 10_000,
        ...options,
      });
      open.push(() => {
        client.close();
      });
      return client;
    },
  };
}
