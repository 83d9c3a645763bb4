// Which events an endpoint wants: `*`, types, and `domain.*` for all types that begin with `domain.`. The database
// reads them in the same way (sql/webhook_wants.sql).
import { z } from 'zod';
import { invalid, type Product } from '../../ground/contract';
import { eventTypesOf, type EventType } from '../../ground/events';

const PATTERN_MAX = 64;
const PATTERNS_MAX = 50;

export const wantedField = z
  .array(z.string().max(PATTERN_MAX))
  .min(1)
  .max(PATTERNS_MAX)
  .describe('`*` for all, types, or `domain.*` for all types that begin with `domain.`; see `GET /event-types`.')
  .meta({ example: ['order.*', 'deposit.credited'] });

/** Refuses what no event of the product can match. */
export function checkWanted(product: Product, patterns: readonly string[]): string[] {
  patterns.forEach((pattern, index) => {
    if (!eventTypesOf(product).some((type) => wants([pattern], type)))
      throw invalid(
        `events.${String(index)}`,
        'must be *, a type of GET /event-types, or the first part of one with .*',
      );
  });
  return [...new Set(patterns)];
}

export function wants(patterns: readonly string[], type: EventType): boolean {
  return patterns.some(
    (pattern) =>
      pattern === '*' || pattern === type || (pattern.endsWith('.*') && type.startsWith(pattern.slice(0, -1))),
  );
}
