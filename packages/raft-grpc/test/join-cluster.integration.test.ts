import { afterEach, expect, test } from "@jest/globals";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import type { ConfiguredNode, Identity } from "@coxswain/raft-core";
import { MemoryIdentityStore } from "@coxswain/raft-core";
import { insecureChannelCredentials, insecureServerCredentials, localNode } from "@coxswain/rpc";
import type { JoinClusterOptions, JoinedCluster } from "../src/index.ts";
import { identifyPeer, joinCluster } from "../src/index.ts";

const open: JoinedCluster[] = [];

afterEach(async () => {
  for (const cluster of open.splice(0)) await cluster.close();
});

/** Nodes with ids from 1 on ports that were free a moment ago. */
async function nodesOnFreePorts(count: number): Promise<ConfiguredNode[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => new Promise((resolve) => server.once("listening", resolve))));
  const nodes = servers.map((server, position) => ({
    id: position + 1,
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
  }));
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return nodes;
}

async function join(
  nodes: readonly ConfiguredNode[],
  id: number,
  identity: Identity = { nodeUuid: `uuid-${id}`, starts: 1 },
  options: Partial<JoinClusterOptions> = {},
): Promise<JoinedCluster> {
  const self = nodes.find((node) => node.id === id);
  if (self === undefined) throw new Error(`no node ${id}`);
  const cluster = await joinCluster({
    self,
    peers: nodes.filter((node) => node !== self),
    identity,
    store: new MemoryIdentityStore(identity),
    credentials: insecureChannelCredentials,
    serverCredentials: insecureServerCredentials(),
    insecurePeer: localNode,
    retryMs: 10,
    ...options,
  });
  open.push(cluster);
  return cluster;
}

test("three nodes found one cluster, and their transports reach each other", async () => {
  const nodes = await nodesOnFreePorts(3);
  const [one, two, three] = await Promise.all([join(nodes, 1), join(nodes, 2), join(nodes, 3)]);
  expect(new Set([one, two, three].map(({ identity }) => identity.clusterId)).size).toBe(1);
  expect(two.members).toEqual(nodes.map((node) => ({ ...node, uuid: `uuid-${node.id}` })));
  const arrived = new Promise((resolve) => three.transport.onMessages(resolve));
  one.transport.send([{ type: "timeoutNow", from: 1, to: 3, term: 4 }]);
  await expect(arrived).resolves.toEqual([{ type: "timeoutNow", from: 1, to: 3, term: 4 }]);
});

test("a node that belongs to a cluster asks nobody, and finds members where they are configured now", async () => {
  const nodes = await nodesOnFreePorts(2);
  const members = [
    { id: 1, uuid: "uuid-1", address: "127.0.0.1:1" },
    { id: 2, uuid: "uuid-2", address: "127.0.0.1:1" },
  ];
  const cluster = await join(nodes, 1, { nodeUuid: "uuid-1", starts: 2, clusterId: "cluster-1", members });
  expect(cluster.members).toEqual(nodes.map((node) => ({ ...node, uuid: `uuid-${node.id}` })));
});

test("others are told of the cluster only when it is durable", async () => {
  const [node] = await nodesOnFreePorts(1);
  if (node === undefined) throw new Error("no node");
  const identity: Identity = { nodeUuid: "uuid-1", starts: 1 };
  const ask = () =>
    identifyPeer(node.address, insecureChannelCredentials(), { nodeId: 9, nodeUuid: "uuid-9" });
  const told: (string | undefined)[] = [];
  const store = {
    load: () => Promise.resolve(identity),
    save: async () => void told.push((await ask()).clusterId),
  };
  const cluster = await join([node], 1, identity, { store });
  expect(told).toEqual([undefined]);
  expect((await ask()).clusterId).toBe(cluster.identity.clusterId);
});

test("a start that is called off, or refused, leaves the port free", async () => {
  const nodes = await nodesOnFreePorts(2);
  const stop = new AbortController();
  const founding = join(nodes, 1, undefined, { signal: stop.signal, onWaiting: () => stop.abort() });
  await expect(founding).rejects.toMatchObject({ code: "FOUNDING_ABORTED" });
  await join(nodes.slice(0, 1), 1);
});

test("a port that is taken is named", async () => {
  const [node] = await nodesOnFreePorts(1);
  if (node === undefined) throw new Error("no node");
  await join([node], 1);
  await expect(join([node], 1)).rejects.toMatchObject({
    code: "LISTEN_FAILED",
    message: expect.stringContaining(node.address),
  });
});
