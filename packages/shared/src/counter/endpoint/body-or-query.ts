// Some clients cannot send a body with DELETE, so its fields may be in the query as well.
import { invalid } from '../../ground/contract';

/** The fields of both. A field in both must have the same value. */
export function bodyOrQuery<T extends Readonly<Record<string, unknown>>>(body: T, query: T): T {
  const said = Object.entries(query).filter(([, value]) => value !== undefined);
  for (const [name, value] of said) {
    if (body[name] !== undefined && body[name] !== value) throw invalid(name, 'differs between query and body');
  }
  return { ...body, ...Object.fromEntries(said) };
}
