import { BodyBudget } from '../src/limits/body-budget';

const budget = (): BodyBudget => new BodyBudget({ perKeyBytes: 100, allBytes: 300 });

it('refuses a key that exceeds its own bound, and only that key', () => {
  const bytes = budget();
  bytes.take('greedy', 100);
  expect(() => bytes.take('greedy', 1)).toThrow(expect.objectContaining({ code: 'rate_limited', retryAfterS: 2 }));
  bytes.take('other', 100);
  bytes.give('greedy', 1);
  bytes.take('greedy', 1);
  expect(bytes.heldBytes).toBe(200);
});

it('leaves each key an even share when all is in use', () => {
  const bytes = budget();
  for (const name of ['a', 'b', 'c']) bytes.take(name, 100);
  expect(() => bytes.take('d', 80)).toThrow(expect.objectContaining({ code: 'service_unavailable' }));
  bytes.take('d', 75);
  expect(() => bytes.take('d', 1)).toThrow(expect.objectContaining({ code: 'service_unavailable' }));
});

it('frees what was given back', () => {
  const bytes = budget();
  for (let i = 0; i < 1_000; i += 1) {
    bytes.take(`key-${String(i)}`, 100);
    bytes.give(`key-${String(i)}`, 100);
  }
  expect(bytes.heldBytes).toBe(0);
});
