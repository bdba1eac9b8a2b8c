import { expect, test } from "@jest/globals";
import { followPeers } from "../src/peer-log.ts";

const lost = (code: string) => ({ type: "peerLost", peer: 2, error: Object.assign(new Error("why"), { code }), retryMs: 50 }) as const;

test("a peer that is not reached is said once for each reason, not for each try, and again when it goes on", () => {
  let nowMs = 0;
  const lines: string[] = [];
  const follow = followPeers(
    {
      info: (_, message) => lines.push(message),
      warn: (fields, message) => lines.push(`${message} (${(fields as { code: string }).code})`),
    },
    () => nowMs,
  );
  for (let n = 0; n < 20; n++) follow(lost("UNREACHABLE"));
  follow(lost("FOREIGN_CLUSTER"));
  follow(lost("FOREIGN_CLUSTER"));
  nowMs = 60_000;
  follow(lost("FOREIGN_CLUSTER"));
  follow({ type: "peerConnected", peer: 2 });
  follow(lost("FOREIGN_CLUSTER"));
  const refused = "peer not reached; trying again (FOREIGN_CLUSTER)";
  expect(lines).toEqual(["peer not reached; trying again (UNREACHABLE)", refused, refused, "peer connected", refused]);
});
