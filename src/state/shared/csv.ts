/**
 * Comma-separated values as spreadsheets read them (RFC 4180). Numbers are written as they are; words that a spreadsheet
 * would take for a formula get an apostrophe in front, since labels and tokens may be anybody's.
 */
export function toCsv(rows: Iterable<readonly (string | number)[]>): string {
  let out = '';
  for (const row of rows) out += `${row.map(cell).join(',')}\r\n`;
  return out;
}

function cell(value: string | number): string {
  const text = typeof value === 'string' ? harmless(value) : String(value);
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function harmless(words: string): string {
  return /^[=+\-@\t\r]/.test(words) ? `'${words}` : words;
}
