/**
 * RaiseFeatureLevel: the state may mean more from here on (G7). It never falls.
 */
import type { RaiseFeatureLevel } from "@coxswain/protocol";
import { requireFeatureLevel } from "../meta.ts";
import { refuse, type WholeCommand } from "./context.ts";

export const raiseFeatureLevel: WholeCommand<RaiseFeatureLevel> = {
  shape: "whole",
  apply: ({ featureLevel }, { state }) => {
    const behind = [...state.nodes.values()].filter((node) => node.featureLevel < featureLevel);
    if (behind.length > 0) {
      const names = behind
        .map((node) => node.id)
        .sort((a, b) => a - b)
        .join(", ");
      return refuse(
        "FEATURE_LEVEL_UNSUPPORTED",
        `Nodes ${names} do not support feature level ${featureLevel}. Upgrade them first.`,
      );
    }
    // This node did not register, or lied: it must not go on.
    requireFeatureLevel(featureLevel);
    state.meta.featureLevel = Math.max(state.meta.featureLevel, featureLevel);
    return { kind: "featureLevelRaised", featureLevel: state.meta.featureLevel };
  },
};
