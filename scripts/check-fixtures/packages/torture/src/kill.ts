export const kill = 'SIGKILL';
