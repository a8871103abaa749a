import { configure } from "./config.ts";
import { createPublicToken } from "./public-token.ts";

export { configure };

/** Credentials. */
export const auth = {
  /** The same as `configure`. */
  configure,
  createPublicToken,
};
