import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EVENT_TYPES, eventTypesLike, eventTypesOf, faultOf, isEventType, productIn, specOf } from '.';

// For the comparison at the end of the run (scripts/jest/written-events.mjs).
beforeAll(() => {
  const folder = process.env['LUMI_TEST_EVENTS'];
  if (folder !== undefined) writeFileSync(join(folder, 'catalogue'), EVENT_TYPES.join('\n'));
});

const productOf = (type: (typeof EVENT_TYPES)[number]) => {
  const { of } = specOf(type);
  return of === 'account' ? null : of === 'every' ? 'vps' : of;
};

describe('the catalogue of events', () => {
  it.each(EVENT_TYPES)('has one sentence about %s, and an example that fits', (type) => {
    const { about, example } = specOf(type);
    expect(about).toMatch(/^[A-Z][^.]*\.$/);
    expect(faultOf({ type, product: productOf(type), data: example })).toBeNull();
  });

  it.each(EVENT_TYPES)('refuses a further field, a missing field and another type of value in %s', (type) => {
    const { example } = specOf(type);
    const fault = (data: object) => faultOf({ type, product: productOf(type), data });
    expect(fault({ ...example, more: 1 })).toContain(type);
    const [first = ''] = Object.keys(example);
    expect(fault({ ...example, [first]: { not: 'this' } })).toContain(type);
    expect(fault(Object.fromEntries(Object.entries(example).slice(1)))).toContain(type);
  });

  it('has no type of another product in the feed of a product, and no product in what is about the account', () => {
    expect(eventTypesOf('vps')).toContain('server.ready');
    expect(eventTypesOf('vps')).toContain('deposit.credited');
    expect(eventTypesOf('vps')).not.toContain('domain.registered');
    expect(faultOf({ type: 'server.ready', product: 'proxy', data: specOf('server.ready').example })).toContain(
      'proxy',
    );
    const aboutDeposit = { type: 'deposit.credited', data: specOf('deposit.credited').example };
    expect([faultOf({ ...aboutDeposit, product: null }), faultOf({ ...aboutDeposit, product: 'vps' })]).toEqual([
      null,
      'deposit.credited was written for vps',
    ]);
    expect([productIn('deposit.credited', 'vps'), productIn('order.failed', 'vps')]).toEqual([null, 'vps']);
    expect(faultOf({ type: 'server.sold', product: 'vps', data: {} })).toContain('not in the catalogue');
  });

  it('finds what a pattern means in the feed of a product', () => {
    expect(eventTypesLike('batch.finished', 'vps')).toEqual(['batch.finished']);
    expect(eventTypesLike('domain.transfer.*', 'domains')).toContain('domain.transfer.completed');
    expect(eventTypesLike('*', 'proxy')).toEqual(eventTypesOf('proxy'));
    for (const pattern of ['domain.*', 'domain.registered', 'batch', 'batch.', 'batch*', 'batch.finished.*', '.*', ''])
      expect([pattern, eventTypesLike(pattern, 'vps')]).toEqual([pattern, []]);
  });

  it('calls those types account-wide whose product the database leaves out', () => {
    const trigger = readFileSync(join(__dirname, '../../counter/account/sql/event_in_order.sql'), 'utf8');
    const [, list = ''] = /split_part\(NEW\.type, '\.', 1\) IN \(([^)]+)\)/.exec(trigger) ?? [];
    const nouns = [...list.matchAll(/'([a-z]+)'/g)].map(([, noun]) => noun);
    expect(nouns).toContain('deposit');
    for (const type of EVENT_TYPES)
      expect([type, nouns.includes(type.split('.')[0])]).toEqual([type, specOf(type).of === 'account']);
  });

  it('has every type that a SQL function names', () => {
    const root = join(__dirname, '..', '..');
    const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) =>
      /\/sql\/.+\.sql$/.test(file),
    );
    const text = files.map((file) => readFileSync(join(root, file), 'utf8')).join('\n');
    // A quoted word with a dot whose first part is the noun of an event.
    const nouns = new Set(EVENT_TYPES.map((type) => type.split('.')[0]));
    const named = [...text.matchAll(/'([a-z]+(?:\.[a-z_]+)+)'/g)].flatMap(([, word = '']) =>
      nouns.has(word.split('.')[0]) ? [word] : [],
    );
    expect(named).toContain('batch.finished');
    expect(named).toContain('deposit.credited');
    expect(named.filter((word) => !isEventType(word))).toEqual([]);
    // The one type that is put together, of the states that `deposit_close` takes.
    expect(text.match(/'[a-z]+\.' \|\|/g)).toEqual(["'deposit.' ||"]);
    const [, states = ''] = /p_state NOT IN \(([^)]+)\)/.exec(text) ?? [];
    expect(states.match(/[a-z]+/g)?.filter((state) => !isEventType(`deposit.${state}`))).toEqual([]);
  });
});
