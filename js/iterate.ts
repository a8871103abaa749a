/** The values of a stream, also where the platform's streams cannot be iterated. */
export async function* iterate<T>(stream: ReadableStream<T>, options?: { preventCancel?: boolean }): AsyncGenerator<T> {
  const reader = stream.getReader();
  let isDone = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      isDone = done;
      if (done) return;
      yield value;
    }
  } catch (error) {
    isDone = true;
    throw error;
  } finally {
    if (!isDone && !options?.preventCancel) await reader.cancel();
    reader.releaseLock();
  }
}
