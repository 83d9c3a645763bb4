// The exports for other packages.

export { createDouble, type Double, type DoubleOptions } from './double';
export type { Faults } from './faults';
export { signBody } from './webhook';
