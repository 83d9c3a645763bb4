// Changes the records of a zone: reads it, decides what the change makes of it, and writes that if the zone is still as
// it was read. Otherwise it decides again.
import { AppError, newId } from '@lumi/shared/contract';
import type { RequestContext } from '@lumi/shared/endpoint';
import type { z } from 'zod';
import type { DomainsDeps } from '../deps';
import { recordsOf, writeChange, type VersionKind } from '../store/zone-store';
import { ZoneDraft } from './apply-change';
import { diffOf, isEmpty, type Diff } from './diff';
import { labelsOf, ownZone } from './own-zone';
import { viewRecord, type StoredRecord, type ZoneRow, type changeSchema } from './zone-row';

const TRIES = 20;

type Asking = Pick<RequestContext, 'principal' | 'reach'>;

export interface ZoneChange {
  readonly zone: string;
  readonly kind: VersionKind;
  readonly reason?: string | undefined;
  readonly ifSerial?: number | undefined;
  readonly dryRun?: boolean | undefined;
  /** Puts the change into the draft. */
  readonly edit: (draft: ZoneDraft) => void;
}

export interface ChangedZone {
  readonly zone: ZoneRow;
  readonly diff: Diff;
  readonly next: readonly StoredRecord[];
}

/** A change that changes nothing makes no version. */
export function changeZone(domains: DomainsDeps, asking: Asking, change: ZoneChange): Promise<ChangedZone> {
  const { clock } = domains.service;
  return changeRecords(domains, asking, change, (zone, before) => {
    const draft = new ZoneDraft(before, labelsOf(zone), () => newId('rec', clock.nowMs()), clock.now().toISOString());
    change.edit(draft);
    const { next, faults } = draft.done();
    if (faults.length > 0) throw new AppError('validation_error', undefined, { details: faults });
    return Promise.resolve(next);
  });
}

/** As `changeZone`, with the records that `decide` returns. */
export async function changeRecords(
  domains: DomainsDeps,
  { principal, reach }: Asking,
  change: Omit<ZoneChange, 'edit'>,
  decide: (zone: ZoneRow, before: readonly StoredRecord[]) => Promise<readonly StoredRecord[]>,
): Promise<ChangedZone> {
  const { db, clock } = domains.service;
  for (let tries = 0; tries < TRIES; tries += 1) {
    const zone = await ownZone(domains, reach, change.zone);
    if (change.ifSerial !== undefined && zone.serial !== BigInt(change.ifSerial))
      throw new AppError('zone_changed', undefined, {
        details: [{ path: 'if_serial', message: `the serial is ${zone.serial.toString()}` }],
      });
    const before = await recordsOf(domains.db, zone.seq);
    const next = await decide(zone, before);
    const diff = diffOf(before, next);
    if (change.dryRun === true || isEmpty(diff)) return { zone, diff, next };
    const author = { keyId: principal.keyId, reason: change.reason ?? null, now: clock.now() };
    const written = await writeChange(db.platform, { zone, diff, kind: change.kind }, author);
    if (written !== null) return { zone: written, diff, next };
  }
  throw new AppError('busy', 'Other changes of this zone were always faster; send yours again.', { retryAfterS: 1 });
}

export function viewChange({ zone, diff }: ChangedZone, isDryRun: boolean): z.output<typeof changeSchema> {
  return {
    zone: zone.name,
    serial: Number(zone.serial),
    dry_run: isDryRun,
    diff: {
      added: diff.added.map(viewRecord),
      removed: diff.removed.map(viewRecord),
      changed: diff.changed.map(({ before, after }) => ({ before: viewRecord(before), after: viewRecord(after) })),
    },
  };
}
