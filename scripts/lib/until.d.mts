/** Types of until.mjs, for the tests. */
export declare function until<T>(
  what: string,
  condition: () => Promise<T> | T,
  options?: { readonly timeoutMs?: number; readonly everyMs?: number },
): Promise<NonNullable<Exclude<T, false | 0 | "">>>;
