import { registerChainedOps } from './chained-ops.js';
import { core, layers } from './tfjs-packages.js';

/** What `import * as tf from '@tensorflow/tfjs'` has, without its data and converter parts. */
export type Tf = Omit<typeof core, 'default'> & Omit<typeof layers, 'default'>;

/**
 * The copy of TensorFlow.js that Lockstep uses. Models are made and kept by it; training itself
 * is the engines' business. Weights need a backend to live in: the plain CPU one, unless the
 * program has set another.
 */
export const tf: Tf = { ...core, ...layers };
registerChainedOps();

// On its first use the CPU backend prints a banner that advises tfjs-node, which is nothing to a
// user of Lockstep. No setting turns off the banner alone.
const backend = core.backend() as unknown as { firstUse?: boolean };
if (backend.firstUse) backend.firstUse = false;
