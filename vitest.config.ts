import { defineConfig } from 'vitest/config';

/** unit: pure, seconds. golden: the engine in Node against golden files. browser: the built page in Chromium. */
const project = (name: string, timeoutMs: number, options: object = {}) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.{ts,tsx}`],
    environment: 'node' as const,
    testTimeout: timeoutMs,
    hookTimeout: timeoutMs,
    ...options,
  },
});

export default defineConfig({
  test: {
    projects: [
      project('unit', 20_000),
      project('golden', 120_000, { fileParallelism: false }),
      project('browser', 300_000, { fileParallelism: false }),
    ],
  },
});
