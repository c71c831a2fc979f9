import { createRequire } from 'node:module';
import type * as Core from '@tensorflow/tfjs-core';
import type * as Layers from '@tensorflow/tfjs-layers';

/**
 * The packages of TensorFlow.js. They are required, not imported: Node looks through a CommonJS file
 * that is imported for the names of its exports, which for these takes longer than to run them,
 * 0.4 s of every process. A program that imports them has the same copies.
 */
const require = createRequire(import.meta.url);

export const core = require('@tensorflow/tfjs-core') as typeof Core;
export const layers = require('@tensorflow/tfjs-layers') as typeof Layers;
require('@tensorflow/tfjs-backend-cpu');
