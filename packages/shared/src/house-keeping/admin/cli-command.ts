// The parts of a command of the `lumi` CLI, and the strict parsing of its arguments.
import { parseArgs } from 'node:util';
import { noted, type Act } from '../../base/audit-log';
import { queryableOf, type Database, type Tx } from '../../base/db';
import type { KeyRings, Queryable } from '../../base/keys';
import type { Clock } from '../../ground/runtime';

export interface CommandDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly rings: KeyRings;
}

export interface CommandResult {
  readonly json: unknown;
  readonly text: string;
  /** The command worked and found a fault. */
  readonly isBad?: boolean;
}

export interface Command {
  /** The words it begins with: `users create`. */
  readonly words: readonly string[];
  readonly usage: string;
  readonly summary: string;
  /** Throws `Usage`. It changes nothing yet. */
  parse(args: readonly string[]): (deps: CommandDeps) => Promise<CommandResult>;
}

/** The arguments are invalid. */
export class Usage extends Error {}

export interface Parsed {
  readonly positionals: readonly string[];
  readonly options: Readonly<Record<string, string | undefined>>;
}

/** Every option takes a value. Unknown options and too many or too few positionals throw `Usage`. */
export function parse(
  args: readonly string[],
  shape: { positionals: readonly string[]; options?: readonly string[] },
): Parsed {
  // A negative amount is not an option.
  const marked = args.map((arg) => (/^-\d/.test(arg) ? ` ${arg}` : arg));
  const read = readArgs(marked, shape.options ?? []);
  const positionals = read.positionals.map((text) => (/^ -\d/.test(text) ? text.slice(1) : text));
  const missing = shape.positionals[positionals.length];
  if (missing !== undefined) throw new Usage(`<${missing}> is missing.`);
  const extra = positionals[shape.positionals.length];
  if (extra !== undefined) throw new Usage(`"${extra}" is one argument too many; put text with spaces in quotes.`);
  return { positionals, options: read.options };
}

function readArgs(
  args: readonly string[],
  names: readonly string[],
): { positionals: string[]; options: Record<string, string | undefined> } {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: Object.fromEntries(names.map((name) => [name, { type: 'string' as const }])),
    });
    // all options are declared as strings
    return { positionals, options: values as Record<string, string | undefined> };
  } catch (err) {
    throw new Usage(err instanceof Error ? err.message : String(err));
  }
}

export function oneOf<T extends string>(name: string, value: string | undefined, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === value);
  if (found === undefined) throw new Usage(`--${name} must be one of ${allowed.join(', ')}.`);
  return found;
}

export function wholeNumber(name: string, value: string | undefined): number | null {
  if (value === undefined) return null;
  if (!/^\d{1,9}$/.test(value)) throw new Usage(`--${name} must be a whole number.`);
  return Number.parseInt(value, 10);
}

export function listOf(value: string | undefined): string[] | null {
  return value === undefined
    ? null
    : value
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== '');
}

/** Makes the change and writes its row of the audit log, together or not at all. */
export function byCli<T>(
  db: Database,
  work: (db: Queryable, tx: Tx) => Promise<T>,
  actOf: (result: T) => Act,
): Promise<T> {
  return noted(
    db,
    { product: null, kind: 'cli', keyId: null, address: null, requestId: null },
    (tx) => work(queryableOf(tx), tx),
    (result) => [actOf(result)],
  );
}

/** Columns as wide as their widest cell. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  return [header, ...rows]
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
