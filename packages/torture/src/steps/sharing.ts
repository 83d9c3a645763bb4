// All co-owners of a run at work, until the customers go home.
import { CoOwners } from '../customers/co-owners';
import type { Run } from '../run-state';

export async function shareThings(run: Run): Promise<void> {
  const { system, history, gateways, customers, random } = run;
  for (const account of run.accounts) {
    const { product } = account.buyer;
    const stream = random.stream(`co-owners-${product}`);
    run.coOwners.set(product, new CoOwners({ system, history, gateways, customers, account, random: stream }));
  }
  await Promise.all([...run.coOwners.values()].map((coOwners) => coOwners.work()));
}
