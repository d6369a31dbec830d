/** Whether two types are the same, and not only assignable to each other. */
export type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

/** Compiles where `T` is `true`. */
export function proven<T extends true>(): T | undefined {
  return undefined
}
