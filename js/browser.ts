// In place of index.ts where a bundler builds for browsers (the condition `browser`), and in React Native: what a page may not do is not in it.
import { needsServer } from "./config.ts";
import { InputPromise } from "./input/result.ts";
import { type OnServer, streamsWith } from "./streams.ts";

export * from "./client.ts";

const refuse = (what: string): never => {
  throw needsServer(`${what}, which the build for browsers leaves out,`);
};

const onServer: OnServer = {
  pipeParts: (key) => refuse(`pipe to stream "${key}"`),
  appendPart: async (key) => refuse(`append to stream "${key}"`),
  writeParts: (key) => refuse(`writer of stream "${key}"`),
  receiver({ id }) {
    const now = (method: string) => () => refuse(`${method} of input stream "${id}"`);
    const later = (method: string) => () => InputPromise.of(Promise.resolve().then(now(method)));
    return {
      on: now("on"),
      once: later("once"),
      peek: now("peek"),
      wait: later("wait"),
      waitWithIdleTimeout: later("waitWithIdleTimeout"),
    };
  },
};

/** The typed client, without what needs a server: those calls fail with `unsupported`, as `index.ts` has them fail in a page. */
export const streams = /* @__PURE__ */ streamsWith(onServer);
