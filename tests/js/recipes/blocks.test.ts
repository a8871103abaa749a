// The code of these documents is code that runs: every block of theirs is, letter by letter, in a file that a test executes.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

const DOCUMENTS: Record<string, string[]> = {
  "docs/testing.md": ["tests/js/recipes/Answer.tsx", "tests/js/recipes/Answer.test.tsx"],
  "docs/ai-sdk.md": [
    "tests/js/recipes/read-message.ts",
    "examples/ai-sdk/streams.ts",
    "examples/ai-sdk/agent.ts",
    "examples/ai-sdk/Chat.tsx",
  ],
  // The first is what tests/e2e/store.test.ts runs in Chromium.
  "docs/store.md": ["tests/js/recipes/dom.ts", "tests/js/recipes/frameworks.ts"],
};

describe.each(Object.entries(DOCUMENTS))("%s", (document, files) => {
  const blocks = [...readFileSync(document, "utf8").matchAll(/^```tsx?\n(.*?)^```$/gms)].map(([, code = ""]) => code);
  const sources = files.map((file) => readFileSync(file, "utf8"));

  test.each([...blocks.entries()])("block %i is in a file that is executed", (_, code) => {
    expect(sources.some((source) => source.includes(code)) ? code : undefined).toBe(code);
  });
});
