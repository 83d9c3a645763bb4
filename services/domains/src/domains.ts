// The dependencies of the endpoints and loops of this service. Only wiring.ts builds them.
import type { AnyThingSold, PurchaseDeps } from '@lumi/shared/purchase';
import type { Service } from '@lumi/shared/service';
import type { Catalogue } from './catalogue/catalogue';
import type { PrismaClient } from './generated/db/client';
import type { Registrars } from './supplier/registrars';

export interface Domains {
  readonly service: Service;
  readonly db: PrismaClient;
  readonly catalogue: Catalogue;
  readonly registrars: Registrars;
  readonly purchases: PurchaseDeps;
  readonly things: ThingsSold;
}

export interface ThingsSold {
  readonly register: AnyThingSold;
  readonly renew: AnyThingSold;
  readonly restore: AnyThingSold;
  readonly transfer: AnyThingSold;
}
