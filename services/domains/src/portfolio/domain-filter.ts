// The filter of domain lists and of changes in bulk, as it comes in a query.
import { z } from 'zod';
import type { DomainFilter } from '../store/domain-store';
import { DOMAIN_STATES, type DomainState } from './lifecycle';

const time = z.iso.datetime({ offset: true, message: 'must be a time such as 2027-11-24T10:00:00Z' });
const isState = (text: string): text is DomainState => DOMAIN_STATES.some((state) => state === text);

export const domainFilterFields = {
  q: z.string().min(1).max(255).optional().describe('Part of the name.'),
  tld: z.string().min(2).max(63).optional().describe('Without the dot.'),
  state: z.string().max(200).optional().describe(`One state or several, separated by commas: ${DOMAIN_STATES.join(', ')}.`)
    .refine((text) => text === undefined || text.split(',').every(isState), 'is not a list of states'),
  expires_before: time.optional(),
  expires_after: time.optional(),
  auto_renew: z.enum(['true', 'false']).optional(),
  tag: z.string().min(1).max(64).optional(),
  reference: z.string().min(1).max(128).optional(),
};

const filterShape = z.object(domainFilterFields);

export function readFilter(filter: z.output<typeof filterShape>): DomainFilter {
  return {
    q: filter.q, tld: filter.tld?.toLowerCase(), tag: filter.tag, reference: filter.reference,
    states: filter.state?.split(',').filter(isState),
    expiresBefore: filter.expires_before === undefined ? undefined : new Date(filter.expires_before),
    expiresAfter: filter.expires_after === undefined ? undefined : new Date(filter.expires_after),
    autoRenew: filter.auto_renew === undefined ? undefined : filter.auto_renew === 'true',
  };
}
