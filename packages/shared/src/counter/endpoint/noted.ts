// What is counted of a request when it is answered: kept with the response, because its parts are known at different
// places.
import type { Response } from 'express';
import { requestMeter } from '../../base/monitoring';

export const noteRequest = requestMeter('service');

export interface Noted {
  readonly operation?: string;
  readonly code?: string;
}

export function note(res: Response, noted: Noted): void {
  Object.assign(res.locals, noted);
}
