import { goldenProgram } from './program.js';

/** The golden steps with the plain kernels: the same bits everywhere. */
export default goldenProgram('build/golden/exact/fixture.json');
