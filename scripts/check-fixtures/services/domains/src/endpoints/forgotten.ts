// must fail: knip: unused export
export const forgotten = '1';
export const neverUsed = '2';
