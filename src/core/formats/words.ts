/** What of a file stands in sentences, and what of it is an object; nothing else, so that the page can have it before all readers. */

/** A name from a file as it may stand in a sentence: short, on one line. */
export function quote(name: string): string {
  const flat = name.replace(/[\u0000-\u001f\u007f]/g, '?');
  return flat.length > 80 ? `${flat.slice(0, 77)}...` : flat;
}

/** A value of a file as it may stand in a sentence; JSON has no word for what is not finite. */
export function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  return quote(typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? typeof value));
}

/** "a, b, c and 4 more". */
export function listNames(names: string[], most = 6): string {
  const shown = names.slice(0, most).map(quote).join(', ');
  return names.length > most ? `${shown} and ${names.length - most} more` : shown;
}

/** A JSON object, or undefined for anything else. */
export function maybeRecord(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
}
