// In place of inflate.ts where no bytes may be compiled (Workers, edge runtimes): the module is imported, compiled.
export const compileInlined = (module: WebAssembly.Module): WebAssembly.Module => module;
