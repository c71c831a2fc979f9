import type { ImageSet } from '#src/shared/data/image-set.js';
import type { Program, Read } from './engine.js';
import type { GoldenFixture, GoldenResult } from './fixture.js';
import { goldenRun } from './golden-run.js';

/** All golden cases of a fixture, by name. */
export function goldenProgram(fixturePath: string): Program {
  return async (read) => {
    const text = new TextDecoder().decode(await read(fixturePath));
    const fixture = JSON.parse(text) as GoldenFixture;
    const pixels = shared(await read(fixture.pixelsFile));
    const labels = shared(Uint16Array.from(await read(fixture.labelsFile)));
    const results: Record<string, GoldenResult> = {};
    for (const golden of fixture.cases) {
      const { image: shape, classes } = fixture;
      const set: ImageSet = { shape, count: golden.images, pixels, labels, classes };
      results[golden.name] = await goldenRun(golden, set, await weightsOf(golden, read));
    }
    return results;
  };
}

async function weightsOf({ weightsFile }: { weightsFile: string }, read: Read) {
  return new Float32Array((await read(weightsFile)).buffer);
}

/** A copy in shared memory, as every part of the product has its data. */
export function shared<T extends Uint8Array | Uint16Array>(values: T): T {
  const copy = new (values.constructor as new (buffer: SharedArrayBuffer) => T)(
    new SharedArrayBuffer(values.byteLength),
  );
  copy.set(values);
  return copy;
}
