import { createContext, useContext } from "react";
import { defined } from "../config.ts";
import type { ClientOptions } from "../types.ts";

/** Gives the hooks below it their `accessToken`, `baseURL` and so on. A hook's own options win. */
export const TriggerAuthContext = createContext<ClientOptions | undefined>(undefined);

/** The options of a hook, completed by the context. */
export function useClient(options: ClientOptions = {}): ClientOptions {
  const context = useContext(TriggerAuthContext);
  const { accessToken, baseURL, previewBranch, requestOptions, refreshAccessToken, fetch } = options;
  const own = defined({ accessToken, baseURL, previewBranch, refreshAccessToken, fetch });
  const headers = { ...context?.requestOptions?.additionalHeaders, ...requestOptions?.additionalHeaders };
  return { ...context, ...own, requestOptions: { additionalHeaders: headers } };
}
