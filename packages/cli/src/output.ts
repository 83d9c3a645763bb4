// What a command prints: tables and lines for people, JSON, CSV, or ids only.
import type { Json } from './connect';

export interface Wishes {
  readonly json?: boolean;
  readonly csv?: boolean;
  readonly quiet?: boolean;
}

const CELL_MAX = 44;
const COLUMNS_MAX = 8;
/** The columns of tables for people, as far as items have them; the first is what `--quiet` prints. */
const IDS = ['id', 'domain', 'batch_id', 'operation_id', 'code', 'provider', 'name', 'host'];
const WANTED = ['type', 'kind', 'state', 'status', 'subject', 'amount_usd', 'price_usd', 'expires_at', 'created_at'];

/** The text of an answer, with a line end. */
export function render(data: unknown, wishes: Wishes): string {
  if (typeof data === 'string') return data.endsWith('\n') ? data : `${data}\n`;
  if (data === undefined || data === null) return '';
  const answer = data as Json;
  const items = Array.isArray(answer['items']) ? (answer['items'] as Json[]) : null;
  if (wishes.json === true) return `${JSON.stringify(data, null, 2)}\n`;
  if (wishes.csv === true) return csv(items ?? [answer]);
  if (wishes.quiet === true) return (items ?? [answer]).map((one) => `${idOf(one)}\n`).join('');
  const { items: _rows, ...head } = answer;
  return items === null || 'status' in answer ? lines(head) + (items === null ? '' : table(items)) : table(items);
}

function idOf(item: Json): string {
  const name = IDS.find((one) => typeof item[one] === 'string') ?? Object.keys(item)[0] ?? '';
  const value = item[name];
  // An answer such as {domain: {…}, order: {…}} is about its first part.
  return typeof value === 'object' && value !== null ? idOf(value as Json) : cell(value);
}

function lines(answer: Json, indent = ''): string {
  const width = Math.max(0, ...Object.keys(answer).map((name) => name.length));
  return Object.entries(answer)
    .map(([name, value]) =>
      isPlain(value)
        ? `${indent}${clean(name)}\n${lines(value, `${indent}  `)}`
        : `${indent}${clean(name).padEnd(width)}  ${cell(value)}\n`,
    )
    .join('');
}

function table(items: readonly Json[]): string {
  if (items.length === 0) return 'none\n';
  const columns = columnsOf(items);
  const rows = [columns, ...items.map((item) => columns.map((name) => short(cell(item[name]))))];
  const widths = columns.map((_, index) => Math.max(...rows.map((row) => row[index]?.length ?? 0)));
  return rows
    .map(
      (row) =>
        `${row
          .map((text, i) => text.padEnd(widths[i] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

function columnsOf(items: readonly Json[]): string[] {
  const names = [...new Set(items.flatMap((item) => Object.keys(item)))].filter((name) =>
    items.some((item) => item[name] !== null && typeof item[name] !== 'object'),
  );
  const first = [...IDS, ...WANTED].filter((name) => names.includes(name));
  return [...new Set([...first, ...names])].slice(0, COLUMNS_MAX);
}

/** RFC 4180. Every field of the items, also nested ones, which are JSON. */
function csv(items: readonly Json[]): string {
  const columns = [...new Set(items.flatMap((item) => Object.keys(item)))];
  const row = (values: readonly string[]): string => `${values.map(quoted).join(',')}\r\n`;
  return row(columns) + items.map((item) => row(columns.map((name) => raw(item[name])))).join('');
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function raw(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function cell(value: unknown): string {
  if (Array.isArray(value) && value.every((one) => typeof one !== 'object')) return clean(value.join(', '));
  return value === null || value === undefined ? '-' : clean(raw(value));
}

/** Text of others may hold codes that a terminal would obey. */
function clean(text: string): string {
  // oxlint-disable-next-line no-control-regex -- they are what is taken out
  return text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
}

function short(text: string): string {
  return text.length > CELL_MAX ? `${text.slice(0, CELL_MAX - 1)}…` : text;
}

function isPlain(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0;
}
