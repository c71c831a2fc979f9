import { fileURLToPath } from 'node:url';

/** Root of the repository, seen from build/test/golden. */
export const repository = fileURLToPath(new URL('../../../', import.meta.url));
