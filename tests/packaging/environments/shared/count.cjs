/** Counts what is instantiated as WebAssembly from now on. */
exports.countInstances = () => {
  let instances = 0;
  const { instantiate } = WebAssembly;
  WebAssembly.instantiate = (module, imports) => {
    // What parses HTTP in Node is WebAssembly too.
    if (!imports.env) instances++;
    return instantiate(module, imports);
  };
  return () => instances;
};
