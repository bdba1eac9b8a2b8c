/**
 * SetClusterSettings: the limits that apply reads from here on (G6).
 */
import type { SetClusterSettings } from "@coxswain/protocol";
import { resolveSettings } from "../settings.ts";
import { refuse, type WholeCommand } from "./context.ts";

export const setClusterSettings: WholeCommand<SetClusterSettings> = {
  shape: "whole",
  apply: ({ settings, onlyIfAbsent }, { state }) => {
    if (settings === undefined) return refuse("INVALID_ITEM", "The command carries no settings.");
    if (onlyIfAbsent && state.meta.settings !== undefined) return { kind: "settingsSet", changed: false };
    state.meta.settings = resolveSettings(settings);
    return { kind: "settingsSet", changed: true };
  },
};
