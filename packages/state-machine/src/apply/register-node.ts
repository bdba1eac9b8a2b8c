/**
 * RegisterNode: a new start of a node. It adopts what still runs there; its other attempts end (G2).
 */
import type { Node, RegisterNode } from "@coxswain/protocol";
import type { ApplyResult, AttemptKey, Refused } from "../results.ts";
import { refuse, type ApplyContext, type WholeCommand } from "./context.ts";
import { newestAttempt } from "../records/execution.ts";
import { loseExecution, readRunning, requireRunning, runningIds } from "./nodes.ts";

export const registerNode: WholeCommand<RegisterNode> = {
  shape: "whole",
  readsMore: (body, state, reads) => {
    readRunning(state, body.nodeId, reads);
  },
  apply: (body, context) => {
    const known = context.state.nodes.get(body.nodeId);
    const refusal = refusalOf(body, known);
    if (refusal !== undefined) return refusal;
    // A repeated registration must not end attempts that were assigned since.
    if (known?.incarnation === body.incarnation) return registeredAlready(context, body);
    context.state.putNode(nodeOf(body, known, context.timeMs));
    const result = adoptOrEnd(context, body);
    context.state.emit({ name: "capacityFreed", payload: { nodeId: body.nodeId } });
    return result;
  },
};

function refusalOf(body: RegisterNode, known: Node | undefined): Refused | undefined {
  if (body.nodeId < 1 || body.incarnation < 1)
    return refuse("INVALID_ITEM", "A node has an id and an incarnation from 1 on.");
  if (known === undefined) return undefined;
  if (known.uuid !== body.uuid) {
    return refuse(
      "NODE_IDENTITY_CONFLICT",
      `Node ${body.nodeId} is known by another uuid. Restore its data directory, or choose another id.`,
    );
  }
  const stale =
    body.incarnation < known.incarnation || (body.incarnation === known.incarnation && known.lost);
  if (!stale) return undefined;
  return refuse(
    "STALE_INCARNATION",
    `Node ${body.nodeId} is at incarnation ${known.incarnation}${known.lost ? ", which was lost" : ""}. Register with a higher one.`,
  );
}

/** Draining outlives restarts; being lost does not. */
function nodeOf(body: RegisterNode, known: Node | undefined, timeMs: number): Node {
  const {
    nodeId: id,
    uuid,
    incarnation,
    address,
    executors,
    capacity,
    featureLevel,
    labels,
    missingExecutors,
    executorLimitations,
    maxLeaseMs,
  } = body;
  return {
    id,
    uuid,
    incarnation,
    address,
    executors,
    capacity,
    featureLevel,
    labels,
    missingExecutors,
    executorLimitations,
    maxLeaseMs,
    draining: known?.draining ?? false,
    lost: false,
    registeredAtMs: timeMs,
  };
}

function adoptOrEnd(context: ApplyContext, body: RegisterNode): ApplyResult {
  const wanted = new Map(body.adopted.map((key) => [key.executionId, key.attempt]));
  const [adopted, ended]: [AttemptKey[], AttemptKey[]] = [[], []];
  for (const executionId of runningIds(context.state, body.nodeId)) {
    const attempt = context.state.running.get(executionId)?.attempt ?? 0;
    if (wanted.get(executionId) === attempt) {
      adopt(context, executionId, body.incarnation);
      adopted.push({ executionId, attempt });
    } else {
      loseExecution(context, executionId);
      ended.push({ executionId, attempt });
    }
  }
  const isAdopted = new Set(adopted.map(({ executionId }) => executionId));
  const refused = body.adopted.filter(
    ({ executionId, attempt }) => !isAdopted.has(executionId) || wanted.get(executionId) !== attempt,
  );
  return registered(body, adopted, refused, ended);
}

function adopt(context: ApplyContext, executionId: string, nodeIncarnation: number): void {
  const { execution } = requireRunning(context.state, executionId);
  const attempt = newestAttempt(execution);
  if (attempt === undefined) throw new Error(`${executionId} runs without an attempt.`);
  const attempts = [...execution.attempts.slice(0, -1), { ...attempt, nodeIncarnation }];
  context.state.putExecution({ ...execution, attempts });
}

/** What a repeated registration is told: the attempts it named that run under it. */
function registeredAlready({ state }: ApplyContext, body: RegisterNode): ApplyResult {
  const runs = ({ executionId, attempt }: AttemptKey): boolean => {
    const running = state.running.get(executionId);
    return (
      running?.attempt === attempt &&
      running.nodeId === body.nodeId &&
      running.nodeIncarnation === body.incarnation
    );
  };
  return registered(
    body,
    body.adopted.filter(runs),
    body.adopted.filter((key) => !runs(key)),
    [],
  );
}

function registered(
  { nodeId, incarnation }: RegisterNode,
  adopted: readonly AttemptKey[],
  refused: readonly AttemptKey[],
  ended: readonly AttemptKey[],
): ApplyResult {
  const plain = ({ executionId, attempt }: AttemptKey): AttemptKey => ({ executionId, attempt });
  return {
    kind: "registered",
    nodeId,
    incarnation,
    adopted: adopted.map(plain),
    refused: refused.map(plain),
    ended,
  };
}
