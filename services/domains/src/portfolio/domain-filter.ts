// The filter of domain lists and of bulk changes, as it comes in a query.
import { z } from 'zod';
import { thingFilterFields } from '@lumi/shared/listing';
import type { DomainFilter } from '../store/domain-store';
import { DOMAIN_STATES, type DomainState } from './lifecycle';

const isState = (text: string): text is DomainState => DOMAIN_STATES.some((state) => state === text);

export const domainFilterFields = {
  ...thingFilterFields,
  tld: z.string().min(2).max(63).optional().describe('Without the dot.'),
  state: z
    .string()
    .max(200)
    .optional()
    .describe(`One state or several, separated by commas: ${DOMAIN_STATES.join(', ')}.`)
    .refine((text) => text === undefined || text.split(',').every(isState), 'is not a list of states'),
};

const filterShape = z.object(domainFilterFields);

export function readFilter({ state, tld, ...filter }: z.output<typeof filterShape>): DomainFilter {
  return { ...filter, tld: tld?.toLowerCase(), states: state?.split(',').filter(isState) };
}
