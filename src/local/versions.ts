import { tf } from '../shared/model/tfjs.js';
import { version } from '../shared/version.js';

/** What computed a run, for its summary. */
export function versions(): Record<string, string> {
  return {
    lockstep: version(),
    tensorflowjs: tf.version_core,
    node: process.versions.node,
    v8: process.versions.v8,
    platform: `${process.platform}-${process.arch}`,
  };
}
