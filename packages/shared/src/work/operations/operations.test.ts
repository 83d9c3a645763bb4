import pg from 'pg';
import { newId } from '../../ground/contract';
import { fromStep, sql } from '../../base/db';
import type { JsonObject, LookUp, Outcome } from '../purchase';
import { testEvent, testService } from '../../testing';
import { concludeOperation, recoverOperations, runOperation, type OperationRequest } from './engine';
import { operationKind } from './operation';
import { findOperation } from './operation-store';
import { forgetSecrets, keepSecret, peekSecret, readSecret, wipeSecret } from './secret';

const { service, account, database } = testService({ product: 'vps', endpoints: () => [] });
const deps = service.purchases;
const db = service.db.platform;
const done: Outcome<JsonObject> = { kind: 'done', result: { power: 'running' } };
const unknown: Outcome<JsonObject> = { kind: 'unknown' };

let acts: string[] = [];
let onAct: Outcome<JsonObject>[] = [];
let onLookUp: LookUp<JsonObject>[] = [];
const reboot = operationKind<JsonObject, JsonObject>({
  kind: 'test_reboot',
  act: (operation) => {
    acts.push(operation.id);
    return Promise.resolve(onAct.shift() ?? done);
  },
  lookUp: () => Promise.resolve(onLookUp.shift() ?? unknown),
  deliver: () => [],
  events: (operation) => [testEvent('test.rebooted', operation.subject, { operation_id: operation.id })],
});
const kinds = new Map([[reboot.kind, reboot]]);

beforeEach(() => {
  acts = [];
  onAct = [];
  onLookUp = [];
});

async function request(overrides: Partial<OperationRequest> = {}): Promise<OperationRequest> {
  const accountId = overrides.accountId ?? (await account()).accountId;
  return {
    kind: reboot,
    item: { soft: true },
    subject: newId('srv', 0),
    product: 'vps',
    lockKey: null,
    keyId: null,
    requestId: newId('req', 0),
    ...overrides,
    accountId,
  };
}

const stored = (id: string) => findOperation(db, { kind: 'all' }, 'vps', id);

async function asOwner(text: string): Promise<void> {
  const owner = new pg.Client({ connectionString: database.ownerUrl });
  await owner.connect();
  await owner.query(text).finally(() => owner.end());
}

async function recoverNow(): Promise<number> {
  await asOwner(`UPDATE platform.operation SET wake_at = now() WHERE state = 'running'`);
  return recoverOperations(deps, kinds, 'vps');
}

describe('runOperation', () => {
  it('finishes with result and events in one statement', async () => {
    const operation = await runOperation(deps, await request());
    expect(operation).toMatchObject({ state: 'done', progress: 100, result: { power: 'running' } });
    expect(await stored(operation.id)).toMatchObject({ state: 'done', finishedAt: expect.any(Date) });
    expect(await db.$queryRaw(sql`SELECT type FROM platform.event WHERE subject = ${operation.subject}`)).toEqual([
      { type: 'test.rebooted' },
    ]);
  });

  it("fails with the supplier's reason", async () => {
    onAct = [{ kind: 'refused', code: 'state_conflict', text: 'It is not running.' }];
    const operation = await runOperation(deps, await request());
    expect(await stored(operation.id)).toMatchObject({
      state: 'failed',
      errorCode: 'state_conflict',
      errorText: 'It is not running.',
    });
  });

  it('changes nothing when the guard returns no row', async () => {
    await expect(
      runOperation(deps, await request({ guard: sql`SELECT 'x'::text AS subject WHERE false` })),
    ).rejects.toMatchObject({ code: 'state_conflict' });
    expect(acts).toEqual([]);
  });

  it('lets one of two operations run on an object, and names it in the refusal of the other', async () => {
    const { accountId } = await account();
    onAct = [{ kind: 'pending', supplierRef: 's1' }];
    const first = await runOperation(deps, await request({ accountId, lockKey: 'one' }));
    await expect(runOperation(deps, await request({ accountId, lockKey: 'one' }))).rejects.toMatchObject({
      code: 'busy',
      details: [{ path: 'operation_id', message: first.id }],
    });
    await expect(runOperation(deps, await request({ lockKey: 'one' }))).rejects.toMatchObject({
      code: 'busy',
      details: undefined,
    });
    await concludeOperation(deps, reboot, { ...first }, done);
    expect(await runOperation(deps, await request({ accountId, lockKey: 'one' }))).toMatchObject({ state: 'done' });
  });

  it('starts exactly one of many at once', async () => {
    const { accountId } = await account();
    onAct = [{ kind: 'pending', supplierRef: 's1' }];
    const all = await Promise.allSettled(
      Array.from({ length: 10 }, async () => runOperation(deps, await request({ accountId, lockKey: 'race' }))),
    );
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(acts).toHaveLength(1);
    onLookUp = [done];
    await recoverNow();
  });
});

describe('recoverOperations', () => {
  it('asks until the end is known, and acts again only when the supplier never saw it', async () => {
    onAct = [unknown];
    const { id } = await runOperation(deps, await request());
    expect(await stored(id)).toMatchObject({ state: 'running', waitingFor: 'supplier' });
    onLookUp = [unknown, { kind: 'pending', supplierRef: 's2' }, { kind: 'absent' }];
    await recoverNow();
    await recoverNow();
    expect(acts).toEqual([id]);
    expect(await stored(id)).toMatchObject({ state: 'running', supplierRef: 's2' });
    await recoverNow();
    expect(acts).toEqual([id, id]);
    expect(await stored(id)).toMatchObject({ state: 'done' });
  });

  it('fences the earlier holder', async () => {
    onAct = [unknown];
    const late = await runOperation(deps, await request());
    onLookUp = [unknown];
    await recoverNow();
    await concludeOperation(deps, reboot, late, { kind: 'refused', code: 'supplier_error' });
    expect(await stored(late.id)).toMatchObject({ state: 'running' });
    onLookUp = [done];
    await recoverNow();
    expect(await stored(late.id)).toMatchObject({ state: 'done' });
  });
});

describe('secrets', () => {
  const ring = service.config.SECRET_RING;
  const made = async () => {
    const { accountId } = await account();
    const id = newId('op', 0);
    const owner = { operationId: id, accountId, product: 'vps' };
    const operation = await runOperation(
      deps,
      await request({ accountId, id, prepare: [keepSecret(ring, owner, 'hunter2', fromStep('started'))] }),
    );
    return { owner, id, finishedAt: operation.finishedAt ?? new Date(0) };
  };
  const DAY_MS = 86_400_000;

  it('are stored sealed, and their owner alone can read them for a day', async () => {
    const { owner, id, finishedAt } = await made();
    const kept = await db.$queryRaw<{ sealed: Uint8Array }[]>(
      sql`SELECT sealed FROM platform.operation_secret WHERE operation_id = ${id}`,
    );
    expect(Buffer.from(kept[0]?.sealed ?? []).includes('hunter2')).toBe(false);
    expect(await peekSecret(db, ring, id)).toBe('hunter2');
    expect(
      await readSecret(db, ring, { ...owner, accountId: 'usr_other' }, { finishedAt, now: finishedAt }),
    ).toBeNull();
    const until = new Date(finishedAt.getTime() + DAY_MS);
    for (const now of [finishedAt, new Date(until.getTime() - 1)])
      expect(await readSecret(db, ring, owner, { finishedAt, now })).toEqual({ secret: 'hunter2', until });
    expect(await readSecret(db, ring, owner, { finishedAt, now: until })).toBeNull();
  });

  it('are deleted when their owner requests it', async () => {
    const { owner, id, finishedAt } = await made();
    await wipeSecret(db, { ...owner, accountId: 'usr_other' });
    expect(await peekSecret(db, ring, id)).toBe('hunter2');
    await wipeSecret(db, owner);
    expect(await readSecret(db, ring, owner, { finishedAt, now: finishedAt })).toBeNull();
    expect(await peekSecret(db, ring, id)).toBeNull();
  });

  it('are deleted a day after their operation has ended, and never while it runs', async () => {
    const [ended, running] = [await made(), await made()];
    const age = (id: string) =>
      asOwner(
        `UPDATE platform.operation_secret SET created_at = now() - interval '9 days' WHERE operation_id = '${id}'`,
      );
    await age(ended.id);
    await age(running.id);
    await asOwner(`UPDATE platform.operation SET finished_at = now() - interval '25 hours' WHERE id = '${ended.id}'`);
    await asOwner(
      `UPDATE platform.operation SET state = 'running', finished_at = NULL, wake_at = now() + interval '1 day'
        WHERE id = '${running.id}'`,
    );
    expect(await forgetSecrets(db, 10)).toBe(1);
    expect([await peekSecret(db, ring, ended.id), await peekSecret(db, ring, running.id)]).toEqual([null, 'hunter2']);
    await asOwner(
      `UPDATE platform.operation SET state = 'done', finished_at = now(), wake_at = NULL WHERE id = '${running.id}'`,
    );
  });
});
