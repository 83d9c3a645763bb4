import { VPS } from '../contract/recipes-vps';
import { matrixOf } from './matrix-of';

jest.setTimeout(60_000);
describe('who may not do what with vps', () => matrixOf('vps', VPS));
