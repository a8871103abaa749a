// Of its own, so that the repository's is not looked for.
export default { test: { include: ["vitest.story.js"] } };
