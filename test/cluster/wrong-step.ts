/** The step at which a worker counts its samples wrongly. */
export const WRONG_STEP = 12;
