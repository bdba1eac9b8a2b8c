/**
 * What an option is.
 */
import type { z } from "zod";

/** One option. `key` is also its name in the configuration file. */
export interface OptionDefinition<Value> {
  readonly flag: string;
  readonly env: readonly string[];
  readonly schema: z.ZodType<Value>;
  /** As one would write it; undefined when there is none. */
  readonly fallback?: string | boolean;
  readonly placeholder: string;
  readonly meaning: string;
}

export type OptionTable<Options> = { readonly [Key in keyof Options]: OptionDefinition<Options[Key]> };

export function option<Value>(
  flagName: string,
  env: readonly string[],
  schema: z.ZodType<Value>,
  fallback: string | boolean | undefined,
  placeholder: string,
  meaning: string,
): OptionDefinition<Value> {
  return { flag: flagName, env, schema, placeholder, meaning, ...(fallback === undefined ? {} : { fallback }) };
}

export const optional = <Value>(schema: z.ZodType<Value>): z.ZodType<Value | undefined> => schema.optional();
