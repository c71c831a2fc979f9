import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { initialWeights } from '#src/shared/model/initial-weights.js';
import { rowLayout } from '#src/shared/model/layout.js';
import { wasmEngine } from '#src/worker/engine/wasm/engine.js';
import { fashionMnist } from '../support/fashion-mnist.js';
import { RECIPES, type GoldenCase, type GoldenFixture, type GoldenRecipe } from './fixture.js';
import { MODELS } from './models.js';
import { repository } from './repository.js';

const FOLDER = 'build/golden';

/**
 * Has the product compile the golden cases, and writes them where every engine can read them.
 * `fastMath` for the control: kernels whose bits may depend on the processor.
 * @returns the fixture's path in the repository
 */
export async function makeFixture(fastMath: boolean): Promise<string> {
  const { train } = await fashionMnist();
  const name = fastMath ? 'fast-math' : 'exact';
  const write = async (file: string, bytes: Uint8Array | string): Promise<string> => {
    const path = `${FOLDER}/${name}/${file}`;
    // Test files run side by side and make the same fixture: none may see half a file.
    const partial = join(repository, `${path}.${process.pid}`);
    await writeFile(partial, bytes);
    await rename(partial, join(repository, path));
    return path;
  };
  await mkdir(join(repository, FOLDER, name), { recursive: true });

  const images = Math.max(...RECIPES.map((recipe) => recipe.images));
  const imageBytes = train.pixels.length / train.count;
  const compile = async (recipe: GoldenRecipe): Promise<GoldenCase> => {
    const { seed, microBatch } = recipe;
    const model = MODELS[recipe.model]!(train.shape, train.classes.length);
    const layout = rowLayout(model);
    const program = await wasmEngine.build({
      model,
      layout,
      image: train.shape,
      classes: train.classes.length,
      microBatch,
      seed,
      labelSmoothing: 0,
      fastMath,
    });
    const weights = initialWeights(model, layout, seed, 'seeded');
    const weightsFile = await write(
      `${recipe.model}-${seed}.weights`,
      new Uint8Array(weights.buffer),
    );
    return { ...recipe, program, layout, weightsFile };
  };
  const cases: GoldenCase[] = [];
  for (const recipe of RECIPES) cases.push(await compile(recipe));
  const fixture: GoldenFixture = {
    image: train.shape,
    classes: train.classes,
    pixelsFile: await write('pixels', train.pixels.subarray(0, images * imageBytes)),
    labelsFile: await write('labels', Uint8Array.from(train.labels.subarray(0, images))),
    cases,
  };
  return write('fixture.json', JSON.stringify(fixture));
}
