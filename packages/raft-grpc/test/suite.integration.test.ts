import { test } from "@jest/globals";
import type { Member } from "@coxswain/raft-core";
import { transportSuite } from "@coxswain/raft-core/suite";
import { member, Pier, Ship } from "./harbour.ts";

transportSuite({ test }, "GrpcTransport", async () => {
  const piers = new Map<number, Pier>();
  for (const id of [1, 2, 3]) piers.set(id, await new Pier(id).listen());
  const members: Member[] = [...piers].map(([id, pier]) => member(id, pier.address));
  return {
    open: (id) => {
      const { transport } = new Ship(id, members);
      piers.get(id)!.transport = transport;
      return Promise.resolve(transport);
    },
    pause: () => new Promise((resolve) => setTimeout(resolve, 2)),
    dispose: () => {
      for (const pier of piers.values()) pier.close();
      return Promise.resolve();
    },
  };
});
