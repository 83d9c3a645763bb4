// The loops of a worker for webhooks. Without an endpoint a worker asks one condition, together with those of its other
// loops; with one it looks for new events several times a second.
import { sql, type Sql } from '../../base/db';
import type { Loop } from '../../house-keeping/process';
import type { WebhookDeps } from './deps';
import { WebhookSender } from './sender';

const LOOK_EVERY_MS = 200;
/** A look costs an index look-up for each endpoint; it is repeated after ten times what it took. */
const REST = 10;
const ASLEEP_EVERY_MS = 1_000;
/** Looks without work after which it is asked whether there are endpoints at all. */
const LOOKS_ASLEEP = 300;

export function webhookLoops(deps: WebhookDeps): readonly Loop[] {
  const { product, db } = deps;
  const sender = new WebhookSender(deps);
  let isAwake = false;
  let idleLooks = 0;
  let pauseMs = LOOK_EVERY_MS;
  const anyEnabled = (): Sql => sql`EXISTS (SELECT 1 FROM platform.webhook WHERE product = ${product} AND enabled)`;
  const lookForAny = async (): Promise<void> => {
    // Raw SQL: the condition of the loop.
    const [row] = await db.direct.$queryRaw<{ is_any: boolean }[]>(sql`SELECT ${anyEnabled()} AS is_any`);
    isAwake = row?.is_any === true;
    idleLooks = 0;
  };
  return [
    {
      name: 'webhook-endpoints',
      everyMs: ASLEEP_EVERY_MS,
      due: () => (isAwake ? sql`false` : anyEnabled()),
      run: async () => {
        await sender.switchOff();
        await lookForAny();
        return false;
      },
    },
    {
      name: 'webhook-delivery',
      get everyMs() {
        return isAwake ? pauseMs : ASLEEP_EVERY_MS;
      },
      run: async () => {
        if (!isAwake) return false;
        const begin = performance.now();
        const isMore = await sender.round();
        if (isMore) idleLooks = 0;
        else {
          pauseMs = Math.max(LOOK_EVERY_MS, (performance.now() - begin) * REST);
          idleLooks += 1;
          if (idleLooks > LOOKS_ASLEEP) await lookForAny();
        }
        return isMore;
      },
      drain: () => sender.drain(),
    },
  ];
}
