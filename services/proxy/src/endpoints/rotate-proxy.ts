// Changes the exit address of a proxy now.
import { z } from 'zod';
import { AppError, defineRoute, notFound } from '@lumi/shared/contract';
import { endpoint, json, type Endpoint } from '@lumi/shared/endpoint';
import { failureOf, operationSchema, runOperation, viewOperation, type Operation } from '@lumi/shared/operations';
import { isoSeconds } from '@lumi/shared/runtime';
import { findProxy } from '../store/proxies';
import { stateOf, type ProxyRow } from '../store/proxy-row';
import { rotateProxyKind, takeCooldown } from '../tasks/rotate-proxy';
import type { Rotated } from '../supplier/proxy-network';
import type { ProxyDeps } from '../deps';
import { idParam } from './fields';
import { MISSING_TEXT } from '../views/proxy-view';
import { rotationOf } from './rotation-of';

export function rotateProxy(deps: ProxyDeps): Endpoint {
  const kind = rotateProxyKind(deps);
  return endpoint(
    defineRoute({
      id: 'rotate-proxy',
      method: 'POST',
      path: '/proxies/{id}/rotate',
      summary: 'Change the exit address',
      tag: 'Proxies',
      scope: 'write',
      class: 'regular',
      reach: 'account',
      description:
        'Makes the modem take another address. Only products that rotate; not again before the cooldown is over ' +
        '(`429` with `Retry-After`). The carrier may hand out the same address: `changed` tells.',
      params: z.object({ id: idParam('prx', 'the proxy') }),
      responses: {
        200: {
          description: 'Rotated.',
          schema: z.object({
            operation_id: z.string(),
            proxy_id: z.string(),
            old_ip: z.string(),
            new_ip: z.string(),
            changed: z.boolean(),
            cooldown_until: z.string(),
          }),
          example: {
            operation_id: 'op_01k000000000000000000000',
            proxy_id: 'prx_01k000000000000000000000',
            old_ip: '203.0.113.7',
            new_ip: '203.0.113.99',
            changed: true,
            cooldown_until: '2026-06-09T12:01:00Z',
          },
        },
        202: { description: 'Not known yet; poll the operation.', schema: operationSchema },
      },
      errors: ['state_conflict', 'busy', 'supplier_error'],
    }),
    async (context) => {
      const now = deps.service.clock.now();
      const row = await findProxy(deps.db, context.reach, context.params.id);
      if (row === null) throw notFound();
      const rotation = rotationOf(row);
      if (row.missing_since !== null) throw new AppError('state_conflict', MISSING_TEXT);
      if (!['active', 'expiring'].includes(stateOf(row, now)))
        throw new AppError('state_conflict', 'The proxy has ended.');
      assertCool(row, now);
      const operation = await runOperation(deps.service.purchases, {
        kind,
        item: { network: row.network, network_id: row.network_id, note: row.label },
        subject: row.id,
        accountId: row.account_id,
        product: deps.service.product,
        lockKey: `rotate:${row.id}`,
        keyId: context.principal.keyId,
        requestId: context.requestId,
        guard: takeCooldown(row.id, now, { cooldownS: rotation.cooldownS }),
      }).catch(async (err: unknown) => {
        // Another request took the cooldown after we read it.
        const again =
          err instanceof AppError && err.code === 'state_conflict'
            ? await findProxy(deps.db, context.reach, row.id)
            : null;
        if (again !== null) assertCool(again, now);
        throw err;
      });
      return replyTo(operation, isoSeconds(new Date(now.getTime() + rotation.cooldownS * 1000)));
    },
  );
}

function assertCool(row: ProxyRow, now: Date): void {
  const leftMs = row.cooldown_until === null ? 0 : row.cooldown_until.getTime() - now.getTime();
  if (leftMs > 0)
    throw new AppError('rate_limited', 'The proxy was rotated a moment ago; its cooldown is not over.', {
      retryAfterS: leftMs / 1000,
    });
}

function replyTo(operation: Operation, cooldownUntil: string) {
  if (operation.state === 'running')
    return json(202, viewOperation(operation), { Location: `/operations/${operation.id}`, 'Retry-After': '2' });
  if (operation.state === 'failed') throw failureOf(operation);
  const {
    oldIp,
    exit: { exitIp: newIp },
  } = operation.result as Rotated; // the result type of this kind
  return json(200, {
    operation_id: operation.id,
    proxy_id: operation.subject,
    old_ip: oldIp,
    new_ip: newIp,
    changed: oldIp !== newIp,
    cooldown_until: cooldownUntil,
  });
}
