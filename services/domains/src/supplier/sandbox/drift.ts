// Names that change at the sandbox registry without a notice to us.
import { assertNever } from '@lumi/shared/contract';
import { sql } from '@lumi/shared/db';
import type { NameInfo } from '../registrar';
import { driftOf } from './magic';
import type { SandboxOptions } from './sandbox-options';

/** Changes the name at the registry without a notice to us; does nothing if it was changed already. */
export async function drift(
  { tables, clock }: Pick<SandboxOptions, 'tables' | 'clock'>,
  name: string,
  told: NameInfo,
): Promise<void> {
  const wanted = driftOf(name);
  if (wanted === null) return;
  const asTold = { name, sponsor: 'us', deleted_at: null, expires_at: new Date(told.expires_at) };
  switch (wanted) {
    case 'drift-expiry':
      // Raw SQL: a year is added to the row's own time.
      await tables.$executeRaw(sql`UPDATE domains.sandbox_name SET expires_at = expires_at + interval '1 year'
        WHERE name = ${name} AND sponsor = 'us' AND deleted_at IS NULL AND expires_at = ${asTold.expires_at}`);
      return;
    case 'drift-redemption': {
      const inSeconds = Math.floor(clock.nowMs() / 1000) * 1000;
      await tables.sandboxName.updateMany({ where: asTold, data: { deleted_at: new Date(inSeconds) } });
      return;
    }
    case 'drift-nameservers':
      await tables.sandboxName.updateMany({
        where: asTold,
        data: { nameservers: ['ns1.example.org', 'ns2.example.org'], locked: false },
      });
      return;
    case 'drift-away':
      await tables.sandboxName.updateMany({ where: asTold, data: { sponsor: 'other' } });
      return;
    case 'drift-gone':
      await tables.sandboxName.deleteMany({ where: asTold });
      return;
    default:
      assertNever(wanted);
  }
}
