// In place of inflate.ts in `slim`: the module is a file beside the script.

/** Compiles the file, where possible while it is still coming. */
export async function compileInlined(url: URL): Promise<WebAssembly.Module> {
  const fs = url.protocol === "file:" && globalThis.process?.getBuiltinModule?.("node:fs/promises");
  if (fs) return WebAssembly.compile(new Uint8Array(await fs.readFile(url)));
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  // Anything else than this type is refused by the streaming one.
  return response.headers.get("content-type") === "application/wasm"
    ? WebAssembly.compileStreaming(response)
    : WebAssembly.compile(await response.arrayBuffer());
}
