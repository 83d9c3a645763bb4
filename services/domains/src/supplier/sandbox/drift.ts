// Names that change at the sandbox registry without a notice to us.
import { assertNever } from '@lumi/shared/contract';
import { sql } from '@lumi/shared/db';
import type { NameInfo } from '../registrar';
import { driftOf } from './magic';
import type { SandboxOptions } from './sandbox-options';

/** Changes the name at the registry without a notice to us; does nothing if it was changed already. */
export async function drift(
  { db, clock }: Pick<SandboxOptions, 'db' | 'clock'>,
  name: string,
  told: NameInfo,
): Promise<void> {
  const wanted = driftOf(name);
  if (wanted === null) return;
  const asTold = sql`WHERE name = ${name} AND sponsor = 'us' AND deleted_at IS NULL
    AND expires_at = ${new Date(told.expires_at)}::timestamptz`;
  switch (wanted) {
    case 'drift-expiry':
      await db.$executeRaw(sql`UPDATE domains.sandbox_name SET expires_at = expires_at + interval '1 year' ${asTold}`);
      return;
    case 'drift-redemption':
      await db.$executeRaw(
        sql`UPDATE domains.sandbox_name SET deleted_at = date_trunc('second', ${clock.now()}::timestamptz) ${asTold}`,
      );
      return;
    case 'drift-nameservers':
      await db.$executeRaw(
        sql`UPDATE domains.sandbox_name SET nameservers = '{ns1.example.org,ns2.example.org}',
          locked = false ${asTold}`,
      );
      return;
    case 'drift-away':
      await db.$executeRaw(sql`UPDATE domains.sandbox_name SET sponsor = 'other' ${asTold}`);
      return;
    case 'drift-gone':
      await db.$executeRaw(sql`DELETE FROM domains.sandbox_name ${asTold}`);
      return;
    default:
      assertNever(wanted);
  }
}
