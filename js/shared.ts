declare const VERSION: string | undefined;

const KEY = Symbol.for(`runstream ${typeof VERSION === "string" ? VERSION : ""}`);
const global = globalThis as { [KEY]?: Record<string, unknown> };
global[KEY] ??= {};
const realm = global[KEY];

/**
 * `initial`, or what another copy of this version gave under this name: an app may have loaded the package as ESM, as CommonJS and as
 * `slim`, and they share their connections, their order and what they were told.
 */
/* @__NO_SIDE_EFFECTS__ */
export function shared<T>(name: string, initial: T): T {
  realm[name] ??= initial;
  return realm[name] as T;
}
