import { defineConfig } from "vitest/config";

export default defineConfig({
  test: { include: ["tests/**/*.test.ts"], environment: "node", globalSetup: ["tests/real_server.ts"], restoreMocks: true, testTimeout: 20_000, expect: { poll: { timeout: 10_000 } } },
});
