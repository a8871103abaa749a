// In place of inflate.ts in `slim`, where it is for a page: the module is a file beside the script. In Node `slim` is the whole.

/** Compiles the file, where possible while it is still coming. */
export async function compileInlined(url: URL): Promise<WebAssembly.Module> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  // Anything else than this type is refused by the streaming one.
  return response.headers.get("content-type") === "application/wasm"
    ? WebAssembly.compileStreaming(response)
    : WebAssembly.compile(await response.arrayBuffer());
}
