import { z } from 'zod';
import { AppError } from '../../ground/contract';
import { validateItem } from '../../counter/endpoint';
import { storable } from './storable';

const person = z.strictObject({ name: z.string(), phones: z.array(z.strictObject({ number: z.string() })).optional() });
const item = z.object({
  domain: z.string(),
  contacts: z.strictObject({ registrant: person, admin: person.nullable().optional() }).optional(),
  auth: z
    .union([z.literal('none'), z.strictObject({ user: z.string() }), z.strictObject({ ips: z.array(z.string()) })])
    .optional(),
  tags: z.array(z.string()).optional(),
  metadata: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
  own: z.unknown().optional(),
  limits: z
    .object({ most: z.string().transform(Number) })
    .transform((limits) => limits.most)
    .default(1),
});

describe('what is stored of an item', () => {
  it('is the whole item when the schema knows all its fields', () => {
    const known = {
      domain: 'a.test',
      contacts: { registrant: { name: 'Ada', phones: [{ number: '1' }, { number: '2' }] }, admin: null },
      auth: { ips: ['192.0.2.1'] },
      tags: ['a'],
      metadata: { any: 'thing', n: 1 },
      own: { whatever: ['is', { here: 1 }] },
      limits: { most: '5' },
    };
    expect(storable(item, known)).toEqual(known);
    expect(storable(item, { ...known, auth: 'none' })).toEqual({ ...known, auth: 'none' });
  });

  it.each<[string, Record<string, unknown>]>([
    ['at the top', { domain: 'a.test', secret: 'canary' }],
    ['in an object', { domain: 'a.test', contacts: { secret: 'canary', registrant: { name: 'Ada' } } }],
    [
      'in an object inside',
      { domain: 'a.test', contacts: { registrant: { name: 'Ada', secret: { deep: 'canary' } } } },
    ],
    [
      'in an element of a list',
      { domain: 'a.test', contacts: { registrant: { name: 'Ada', phones: [{ number: '1', secret: ['canary'] }] } } },
    ],
    [
      'behind null or nothing',
      { domain: 'a.test', contacts: { registrant: { name: 'Ada' }, admin: { name: 'Bo', secret: 'canary' } } },
    ],
    ['in one of several forms', { domain: 'a.test', auth: { ips: [], secret: 'canary' } }],
    ['as an object where a text belongs', { domain: { secret: 'canary' } }],
    ['as an object where a list belongs', { domain: 'a.test', tags: { secret: 'canary' } }],
    ['as a list where an object belongs', { domain: 'a.test', contacts: ['canary'] }],
    ['as an object where a text of a list belongs', { domain: 'a.test', tags: [{ secret: 'canary' }] }],
    ['in a record', { domain: 'a.test', metadata: { own: { secret: 'canary' } } }],
    ['in an object that is turned into something else', { domain: 'a.test', limits: { most: { secret: 'canary' } } }],
  ])('has no value of an unknown field %s, and is refused with the same message as the whole item', (_where, sent) => {
    const stored = storable(item, sent);
    expect(JSON.stringify(stored)).not.toContain('canary');
    expect(refusal(stored)).toEqual(refusal(sent));
    expect(storable(item, stored)).toEqual(stored);
  });

  it('does not treat names of Object.prototype as fields', () => {
    expect(
      storable(
        item,
        JSON.parse('{"domain":"a.test","constructor":"canary","contacts":{"toString":"canary"}}') as Record<
          string,
          unknown
        >,
      ),
    ).toEqual({ domain: 'a.test', constructor: null, contacts: { toString: null } });
  });
});

function refusal(input: unknown): unknown {
  try {
    validateItem(item, input);
    return null;
  } catch (err) {
    if (!(err instanceof AppError)) throw err;
    return { code: err.code, details: err.details };
  }
}
