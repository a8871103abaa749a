/** Compiles what scripts/wasm.mjs inlined: base64 of raw deflate. */
export async function compileInlined(base64: string): Promise<WebAssembly.Module> {
  return WebAssembly.compile(await inflate(base64));
}

export async function inflate(base64: string): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = (Uint8Array as FromBase64).fromBase64?.(base64) ?? bytesOf(atob(base64));
  if (typeof DecompressionStream !== "function") {
    const zlib = globalThis.process?.getBuiltinModule?.("node:zlib");
    if (!zlib) throw new Error("neither DecompressionStream nor node:zlib is here to unpack the wasm");
    return new Uint8Array(zlib.inflateRawSync(bytes));
  }
  // Written by hand: a Blob's stream() is missing in some test environments.
  const stream = new DecompressionStream("deflate-raw");
  const writer = stream.writable.getWriter();
  writer.write(bytes).then(
    () => writer.close(),
    () => {},
  );
  return new Uint8Array(await new Response(stream.readable).arrayBuffer());
}

/** The page's own decoder, where there is one: a loop over the text costs some milliseconds of the first subscription. */
type FromBase64 = { fromBase64?: (text: string) => Uint8Array<ArrayBuffer> };

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
