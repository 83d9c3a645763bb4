// must fail: service-direction
// must fail: product-alone-domains
// must fail: rooms-by-subpath
// must fail: nobody-knows-torture
// must fail: no-restricted-syntax: config.ts
// must fail: no-restricted-syntax: shared/http writes answers
// must fail: no-restricted-syntax: errors.ts writes error bodies
// must fail: no-restricted-syntax: Export by name
// must fail: no-console
// must fail: no-empty
// must fail: eqeqeq
// must fail: @typescript-eslint/no-explicit-any
// must fail: @typescript-eslint/no-non-null-assertion
// must fail: typescript(switch-exhaustiveness-check)
// must fail: typescript(no-floating-promises)
import { price } from '../../../../packages/shared/src/work/purchase/price';
import { kill } from '../../../../packages/torture/src/kill';
import { plan } from '../../../vps/src/plan';
import { query } from '../store/query';
import type { Wired } from '../wiring';

interface Answer {
  status(code: number): { json(body: unknown): void };
}

export function buy(res: Answer, kind: 'first' | 'second', given: any, wired?: Wired): string {
  const home = process.env['HOME'];
  console.log(home, kill, plan, price, query);
  if (given == 1) void 0;
  try {
    given();
  } catch {}
  Promise.resolve(1);
  res.status(400).json({ error: { code: 'x', message: 'y', request_id: 'z' } });
  switch (kind) {
    case 'first':
      return wired!.name;
  }
  return '';
}
export default buy;
