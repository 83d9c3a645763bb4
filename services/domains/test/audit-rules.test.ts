// Each audit rule gets a state that breaks it, and must find it.
import { newId } from '@lumi/shared/contract';
import { domainsService } from './domains-fixture';

const t = domainsService();
const rules = async () => (await t.breaches()).map(({ rule }) => rule);

it('finds an execution at the registrar without an order, and one whose order was released', async () => {
  await t.owner.query(
    `INSERT INTO domains.sandbox_log (ref, command, name, ending, at)
      VALUES ('ord_nobody', 'register', 'ghost.test', 'done', now())`,
  );
  expect(await rules()).toEqual([
    'what the registrar executed belongs to an order that is open or captured, about the same name',
  ]);
});

it('finds a captured order that was never executed, a domain without an order, and a name that has no domain', async () => {
  const who = await t.account();
  const before = await rules();
  const { body } = await t.buy(who, { domain: 'audited.test' }).expect(201);
  expect(await rules()).toEqual(before);
  await t.owner.query(`UPDATE domains.domain SET order_id = $1 WHERE name = 'audited.test'`, [
    newId('ord', t.clock.nowMs()),
  ]);
  expect(await rules()).toEqual([
    ...before,
    ...Array.from(
      { length: 2 },
      () => 'a registration or transfer that was captured delivered one domain, and no other order did',
    ),
  ]);
  await t.owner.query(
    `UPDATE domains.domain SET order_id = $1, expires_at = expires_at + interval '1 day' WHERE name = 'audited.test'`,
    [body.order.id],
  );
  expect(await rules()).toEqual([
    ...before,
    'a domain we hold stands in the registry with the same expiry and name servers',
  ]);
  await t.owner.query(
    `UPDATE domains.domain SET expires_at = expires_at - interval '1 day' WHERE name = 'audited.test'`,
  );
  await t.owner.query(`UPDATE platform.orders SET id = 'ord_moved' WHERE id = $1`, [body.order.id]);
  expect(await rules()).toContain('a captured order was executed by the registrar exactly once');
  await t.owner.query(
    `INSERT INTO domains.sandbox_name (name, tld, sponsor, registered_at, expires_at, updated_at)
      VALUES ('lost.test', 'test', 'us', now(), now() + interval '1 year', now())`,
  );
  expect(await rules()).toContain(
    'a name the registry holds through us is a domain of an account, or its order is still open',
  );
});
