import { type Context, createContext, useContext } from "react";
import { defined } from "../config.ts";
import { shared } from "../shared.ts";
import type { ApiClientConfiguration, ClientOptions } from "../types.ts";

type Value = ApiClientConfiguration | undefined;

/** One for each React that there is: they cannot use each other's. */
const contexts = shared("contexts", new WeakMap<typeof createContext, Context<Value>>());

/** Gives the hooks below it their `accessToken`, `baseURL` and so on. A hook's own options win. */
export const TriggerAuthContext = contexts.get(createContext) ?? createContext<Value>(undefined);
contexts.set(createContext, TriggerAuthContext);

/** The options of a hook, completed by the context. */
export function useClient(options: ClientOptions = {}): ClientOptions {
  const context = useContext(TriggerAuthContext);
  const { accessToken, baseURL, previewBranch, requestOptions, refreshAccessToken, fetch } = options;
  const own = defined({ accessToken, baseURL, previewBranch, refreshAccessToken, fetch });
  const headers = { ...context?.requestOptions?.additionalHeaders, ...requestOptions?.additionalHeaders };
  return { ...context, ...own, requestOptions: { additionalHeaders: headers } };
}
