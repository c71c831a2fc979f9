import { readFileSync } from 'node:fs';
import { tf } from '../shared/model/tfjs.js';

/** What computed a run, for its summary. */
export function versions(): Record<string, string> {
  const file = new URL('../../package.json', import.meta.url);
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
  return {
    lockstep: version,
    tensorflowjs: tf.version_core,
    node: process.versions.node,
    v8: process.versions.v8,
    platform: `${process.platform}-${process.arch}`,
  };
}
