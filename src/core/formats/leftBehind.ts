/** Files that systems leave in folders and zips, which no person means. */

/** `__MACOSX/…` and `._name` (AppleDouble), Finder's and Explorer's notes. */
export function isLeftBehind(path: string): boolean {
  const parts = path.split('/');
  const name = parts.at(-1)!;
  return parts.includes('__MACOSX') || name.startsWith('._') || /^(\.DS_Store|Thumbs\.db|desktop\.ini)$/i.test(name);
}

/** Without them; all, when there is nothing else, so that they can be called what they are. */
export function withoutLeftBehind<T extends { path: string }>(files: T[]): T[] {
  const meant = files.filter(({ path }) => !isLeftBehind(path));
  return meant.length > 0 ? meant : files;
}
