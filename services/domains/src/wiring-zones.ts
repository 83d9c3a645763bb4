// The endpoints of zones, in the order in which they are tried.
import type { Endpoint } from '@lumi/shared/endpoint';
import type { DomainsDeps } from './deps';
import { changeZone } from './endpoints/change-zone';
import { createZone } from './endpoints/create-zone';
import { createZoneRecord } from './endpoints/create-zone-record';
import { deleteRecordSet } from './endpoints/delete-record-set';
import { deleteZone } from './endpoints/delete-zone';
import { deleteZoneRecord } from './endpoints/delete-zone-record';
import { exportZone } from './endpoints/export-zone';
import { getRecordSet } from './endpoints/get-record-set';
import { getZone } from './endpoints/get-zone';
import { getZoneRecord } from './endpoints/get-zone-record';
import { importZone } from './endpoints/import-zone';
import { listZoneRecords } from './endpoints/list-zone-records';
import { listZoneSnapshots } from './endpoints/list-zone-snapshots';
import { listZones } from './endpoints/list-zones';
import { restoreZone } from './endpoints/restore-zone';
import { setRecordSet } from './endpoints/set-record-set';
import { updateZoneRecord } from './endpoints/update-zone-record';

export function zoneEndpoints(deps: DomainsDeps): readonly Endpoint[] {
  return [
    listZones(deps),
    createZone(deps),
    getZone(deps),
    deleteZone(deps),
    listZoneRecords(deps),
    createZoneRecord(deps),
    getZoneRecord(deps),
    updateZoneRecord(deps),
    deleteZoneRecord(deps),
    getRecordSet(deps),
    setRecordSet(deps),
    deleteRecordSet(deps),
    changeZone(deps),
    importZone(deps),
    exportZone(deps),
    listZoneSnapshots(deps),
    restoreZone(deps),
  ];
}
