import { goldenProgram } from './program.js';

/** The control: the golden steps with relaxed SIMD, whose bits depend on the processor. */
export default goldenProgram('build/golden/fast-math/fixture.json');
