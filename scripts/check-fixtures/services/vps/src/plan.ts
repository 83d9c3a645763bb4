export const plan = 'small';
