/** Does `load` when first asked and gives the same to everybody; a failure is forgotten, so that the next who asks tries again. */
export function onceItWorks<T>(load: () => Promise<T>): () => Promise<T> {
  let loading: Promise<T> | undefined;
  return () =>
    (loading ??= load().catch((error: unknown) => {
      loading = undefined;
      throw error;
    }));
}
