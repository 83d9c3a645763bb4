// must fail: knip: unused file
export const dead = true;
