// Lists as CSV (RFC 4180). Spreadsheets execute cells that begin like a formula, so such text gets an apostrophe in
// front.

/**
 * A number stays one, with its minus sign: an amount in its fixed form, a count. All other values are text.
 * text.
 */
export type CsvCell = string | { readonly number: string | number };

export function csvOf(columns: readonly string[], rows: readonly (readonly CsvCell[])[]): string {
  return [columns.join(','), ...rows.map((row) => row.map(cell).join(','))].map((line) => `${line}\r\n`).join('');
}

function cell(value: CsvCell): string {
  if (typeof value !== 'string') return String(value.number);
  const inert = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}
