import { VPS } from '../contract/recipes-vps';
import { sweepOf } from './sweep-of';

jest.setTimeout(120_000);
describe('wrong values sent to vps', () => sweepOf('vps', VPS));
