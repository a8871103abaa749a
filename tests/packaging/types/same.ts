type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Compiles if both are the same type. Of a call that is never made, an error of the compiler is all there is to see. */
export function same<A, B>(..._differs: Same<A, B> extends true ? [] : [never]): void {}

// @ts-expect-error they differ
same<string, string | undefined>();
