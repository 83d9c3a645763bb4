// must fail: no-testing-in-src
import { made } from '../../testing/index';

export const price = made.length;
