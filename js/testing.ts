export { createTestStream, type SentInput, type TestFailure, type TestStream } from "./testing/createTestStream.ts";
