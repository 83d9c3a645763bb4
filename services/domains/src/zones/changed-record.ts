// The record that a change was about, as the answer shows it.
import { notFound } from '@lumi/shared/contract';
import type { ChangedZone } from './change-zone';
import { viewRecord, type RecordView } from './zone-row';

/** Without an id: the one that the change added. */
export function changedRecord({ diff, next }: ChangedZone, id?: string): RecordView {
  const wanted = id ?? diff.added[0]?.id;
  const record = next.find((one) => one.id === wanted);
  if (record === undefined) throw notFound();
  return viewRecord(record);
}
