// Runs before the first paint, where the page's modules cannot: see src/cache/settings.ts for what is kept.
try {
  const { theme } = JSON.parse(localStorage.getItem('featurescope.settings.v1') ?? '{}');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // No storage, or not ours: the system's theme.
}
