import { FormatError } from '../bytes.ts';

/** @returns the FormatError that `work` met; other errors pass through */
export async function attempt(work: () => Promise<void>): Promise<FormatError | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (error instanceof FormatError) return error;
    throw error;
  }
}
