// The functions of schema `platform` that processes may call, one line each:
//   lumi_vps,lumi_proxy: order_page(p_account text, p_limit integer DEFAULT) -> SETOF (id text, seq bigint)
// A result of a table's row type is written as its columns: processes read them by name.
import type { Client } from 'pg';

/** Sorted lines. */
export async function readSignatures(owner: Pick<Client, 'query'>): Promise<string[]> {
  const { rows } = await owner.query<{ line: string }>(`
    SELECT format('%s: %s(%s) -> %s%s', callers.names, p.proname, coalesce(arguments.taken, ''),
      CASE WHEN p.proretset THEN 'SETOF ' ELSE '' END,
      coalesce('(' || arguments.given || ')', '(' || columns.names || ')', format_type(p.prorettype, NULL))) AS line
    FROM pg_proc p
    JOIN pg_type result ON result.oid = p.prorettype
    CROSS JOIN LATERAL (
      SELECT string_agg(g.grantee::regrole::text, ',' ORDER BY g.grantee::regrole::text) AS names
      FROM aclexplode(p.proacl) g WHERE g.privilege_type = 'EXECUTE' AND g.grantee NOT IN (0, p.proowner)) callers
    CROSS JOIN LATERAL (
      SELECT string_agg(a.text, ', ' ORDER BY a.place) FILTER (WHERE a.mode IN ('i', 'b', 'v')) AS taken,
        string_agg(a.text, ', ' ORDER BY a.place) FILTER (WHERE a.mode IN ('o', 'b', 't')) AS given
      FROM (
        SELECT place, coalesce(p.proargmodes[place], 'i') AS mode,
          concat_ws(' ', p.proargnames[place], format_type(type, NULL),
            CASE WHEN coalesce(p.proargmodes[place], 'i') = 'i' AND place > p.pronargs - p.pronargdefaults
              THEN 'DEFAULT' END) AS text
        FROM unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) WITH ORDINALITY t(type, place)) a) arguments
    LEFT JOIN LATERAL (
      SELECT string_agg(a.attname || ' ' || format_type(a.atttypid, NULL), ', ' ORDER BY a.attnum) AS names
      FROM pg_attribute a WHERE a.attrelid = result.typrelid AND a.attnum > 0 AND NOT a.attisdropped) columns ON true
    WHERE p.pronamespace = 'platform'::regnamespace AND callers.names IS NOT NULL ORDER BY p.proname`);
  return rows.map(({ line }) => line);
}

interface Signature {
  readonly callers: readonly string[];
  readonly name: string;
  readonly taken: readonly string[];
  readonly isSet: boolean;
  /** The columns, or one type. */
  readonly given: readonly string[];
  readonly hasColumns: boolean;
}

/**
 * What processes that know `before` can no longer do with the functions of `now`: one sentence each. They can call a
 * function that has new arguments with defaults at its end, and read a row that has new columns.
 */
export function brokenCalls(before: readonly string[], now: readonly string[]): string[] {
  const present = new Map(now.map((line) => [parse(line).name, parse(line)]));
  return before.flatMap((line) => {
    const old = parse(line);
    const reason = breach(old, present.get(old.name));
    return reason === null ? [] : [`${old.name}: ${reason}`];
  });
}

function breach(old: Signature, now: Signature | undefined): string | null {
  if (now === undefined) return 'is gone';
  const lost = old.callers.filter((role) => !now.callers.includes(role));
  if (lost.length > 0) return `${lost.join(', ')} may no longer call it`;
  const changed = old.taken.find((argument, i) => withoutDefault(now.taken[i]) !== withoutDefault(argument));
  if (changed !== undefined) return `does not take "${changed}" at its place`;
  // What could be left out can be left out.
  const needed = now.taken.find(
    (argument, i) => !isOptional(argument) && (i >= old.taken.length || isOptional(old.taken[i])),
  );
  if (needed !== undefined) return `needs "${needed}", which was not needed before`;
  const isNarrower = old.isSet !== now.isSet || old.hasColumns !== now.hasColumns;
  const missing = isNarrower ? old.given.join(', ') : old.given.find((column) => !now.given.includes(column));
  return missing === undefined ? null : `no longer gives "${missing}"`;
}

const DEFAULT = / DEFAULT$/;
const withoutDefault = (argument = ''): string => argument.replace(DEFAULT, '');
const isOptional = (argument = ''): boolean => DEFAULT.test(argument);

function parse(line: string): Signature {
  const match = /^(?<callers>[\w,]+): (?<name>\w+)\((?<taken>.*)\) -> (?<set>SETOF )?(?<given>.*)$/.exec(line);
  if (match?.groups === undefined) throw new Error(`This is no signature: ${line}`);
  const { callers = '', name = '', taken = '', set, given = '' } = match.groups;
  const hasColumns = given.startsWith('(');
  return {
    callers: callers.split(','),
    name,
    taken: listOf(taken),
    isSet: set !== undefined,
    given: listOf(hasColumns ? given.slice(1, -1) : given),
    hasColumns,
  };
}

function listOf(text: string): string[] {
  return text === '' ? [] : text.split(', ');
}
