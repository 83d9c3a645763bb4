// The lines of the generated table, read.

export interface Operation {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly resource: string;
  readonly name: string;
  readonly pathParams: readonly string[];
  readonly isMoney: boolean;
  readonly isGuarded: boolean;
  /** It is guarded when its body says `auto_renew: true`. */
  readonly isGuardedByBody: boolean;
  readonly hasDryRun: boolean;
  readonly hasUserId: boolean;
  readonly hasPages: boolean;
  readonly hasBody: boolean;
  readonly hasQuery: boolean;
}

export function readTable(table: Readonly<Record<string, string>>): Map<string, Operation> {
  return new Map(Object.entries(table).map(([id, line]) => [id, readLine(id, line)]));
}

function readLine(id: string, line: string): Operation {
  const [method = '', path = '', place = '', flags = ''] = line.split(' ');
  const [resource = '', name = ''] = place.split('.');
  const has = (flag: string): boolean => flags.includes(flag);
  return {
    id,
    method,
    path,
    resource,
    name,
    pathParams: [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? ''),
    isMoney: has('m'),
    isGuarded: has('g'),
    isGuardedByBody: has('a'),
    hasDryRun: has('d'),
    hasUserId: has('u'),
    hasPages: has('p'),
    hasBody: has('b'),
    hasQuery: has('q'),
  };
}
