// must fail: purchases-below-endpoints
// must fail: no-restricted-syntax: parseUsd
// must fail: no-restricted-syntax: fromStep()
// must fail: no-restricted-syntax: Only rider
import { forgotten } from '../endpoints/forgotten';

export const register = Number(forgotten);

declare function sql(text: TemplateStringsArray): { readonly text: string };
interface Rider {
  readonly text: string;
  readonly of: 'begun';
}
export const rider = sql`UPDATE domains.domain SET state = 'active' FROM begun WHERE begun.outcome = 'held'` as Rider;
