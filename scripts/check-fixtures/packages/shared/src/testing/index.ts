export const made = 'for tests';
