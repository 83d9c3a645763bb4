// Shared by the endpoints of traffic plans.
import { z } from 'zod';
import { idParam } from './fields';

export const planParams = z.object({ id: idParam('tpl', 'the plan') });
export const PLAN_ROUTE = { tag: 'Traffic', class: 'regular', reach: 'account' } as const;
