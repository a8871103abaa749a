// A panic traps whatever its message, because in wasm there is nowhere to print one. What composes the messages is an
// eighth of the code all the same, and no stable flag of rustc leaves it out. So it is cut out here, function by function.
import binaryen from "binaryen";
import { Stop } from "./lib.mjs";

/** Functions that never return, and what the standard library's panic handler is told. */
const PANIC =
  /^core::panicking::|^<std::panicking::|::(unwrap_failed|expect_failed|assert_failed|slice_index_fail|panic_\w+|handle_error|capacity_overflow|handle_alloc_error|rust_oom)$|^__rustc::rust_begin_unwind$/;
/** Functions that make text of values. */
const FORMAT = /^<?(core|alloc)::fmt::| as core::fmt::| as alloc::string::ToString>/;

/** The module with `unreachable` as the body of those functions. Needs the names of the functions. */
export function withoutPanicMessages(bytes) {
  const module = binaryen.readBinary(bytes);
  try {
    if (!cut(module, PANIC).includes("core::panicking::panic_fmt"))
      throw new Stop("no panic was found: Rust has renamed its functions, adapt scripts/panics.mjs");
    module.runPasses(["remove-unused-module-elements"]);
    // The panics mention functions that format, so these are still there. Whoever calls one wants more than to panic.
    const callers = callersOf(module, FORMAT);
    if (callers.length > 0)
      throw new Stop(`text is formatted in ${callers.join(", ")}: that costs 3 KB, so join strings instead`);
    cut(module, FORMAT);
    return module.emitBinary();
  } finally {
    module.dispose();
  }
}

function cut(module, pattern) {
  return functions(module)
    .filter(({ base, name }) => !base && pattern.test(plain(name)))
    .map(({ name }) => {
      binaryen.Function.setBody(module.getFunction(name), module.unreachable());
      return plain(name);
    });
}

/** Functions that call a matching one, themselves not matching. */
function callersOf(module, pattern) {
  return functions(module)
    .filter(({ base, name, body }) => {
      if (base || pattern.test(plain(name))) return false;
      const calls = binaryen.emitText(body).matchAll(/\(call \$(?:"(.*?)"|([^\s)]+))/g);
      return [...calls].some(([, quoted, bare]) => pattern.test(plain(quoted ?? bare)));
    })
    .map(({ name }) => plain(name));
}

const functions = (module) =>
  Array.from({ length: module.getNumFunctions() }, (_, index) =>
    binaryen.getFunctionInfo(module.getFunctionByIndex(index)),
  );

/** A function's name without hashes and without the types that a generic one is for. */
const plain = (name) =>
  name
    .replace(/\[[0-9a-f]{16}\]/g, "")
    .replace(/::h[0-9a-f]{16}$/, "")
    .replace(/::<[^>]*>$/, "");
