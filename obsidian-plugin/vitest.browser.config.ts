import { defineConfig } from "vitest/config";

// One page and one server after another: each test file starts its own, and they are what takes time here.
// What is waited for comes a frame or an answer later, and on a busy machine not within the second that is usual.
export default defineConfig({
  test: { include: ["browser/**/*.test.ts"], environment: "node", testTimeout: 60_000, hookTimeout: 120_000, fileParallelism: false, expect: { poll: { timeout: 15_000 } } },
});
