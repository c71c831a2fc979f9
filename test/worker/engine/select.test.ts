import * as tf from '@tensorflow/tfjs';
import t from 'tap';
import type { Engine, EngineRefusal } from '#src/worker/engine/engine.js';
import { listEngines } from '#src/worker/engine/list.js';
import { selectEngine } from '#src/worker/engine/select.js';

const model = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3] })] });
const there = { detail: 'runs' };
const missing = { reason: 'No such processor.', remedy: 'Buy one.' };
const refuses = { reason: 'Layer 1:dense is too dense.', remedy: 'Thin it.' };

void t.test('auto takes the first engine that runs here and covers the model', async (t) => {
  const fast = engine('fast');
  const choice = await selectEngine('auto', model, [fast, engine('slow')]);
  t.equal(choice.engine, fast);
  t.equal(choice.reason, 'fast covers all layers of the model');
});

void t.test('auto says why it passed others over', async (t) => {
  const slow = engine('slow');
  const others = [engine('absent', missing), engine('narrow', there, refuses)];
  const choice = await selectEngine('auto', model, [...others, slow]);
  t.equal(choice.engine, slow);
  t.equal(
    choice.reason,
    'not absent: No such processor (Buy one); not narrow: Layer 1:dense is too dense; slow covers all layers of the model',
  );
  await t.rejects(selectEngine('auto', model, others), {
    code: 'ENGINE_UNAVAILABLE',
    message: /absent: No such processor \(Buy one\); not narrow: Layer 1:dense/,
  });
});

void t.test(
  'auto takes an engine that computes on GPUs before the others, and says so',
  async (t) => {
    const gpus = { detail: 'GPU 0 (NVIDIA A100)' };
    const slow = engine('slow');
    const fast = { ...engine('fast'), gpus: async () => gpus };
    const choice = await selectEngine('auto', model, [slow, fast]);
    t.equal(choice.engine, fast);
    t.equal(choice.reason, 'it computes on GPU 0 (NVIDIA A100)');
    const wishes = { gpus: 'none', fastMath: false } as const;
    t.equal((await selectEngine('auto', model, [slow, fast], wishes)).engine, slow);
    const narrow = { ...engine('narrow', there, refuses), gpus: async () => gpus };
    t.match(await selectEngine('auto', model, [slow, narrow]), {
      engine: slow,
      reason: 'not narrow on GPUs: Layer 1:dense is too dense; slow covers all layers of the model',
    });
  },
);

void t.test(
  'GPUs that cannot be used are told of where there are some, or some were asked for',
  async (t) => {
    const lacks = { reason: 'GPU 0 is idle.', remedy: 'Install CUDA.', isThere: true };
    const slow = engine('slow');
    const without = { ...engine('without'), gpus: async () => lacks };
    const engines = [slow, without];
    t.match(await selectEngine('auto', model, engines), {
      engine: slow,
      reason:
        'not without on GPUs: GPU 0 is idle (Install CUDA); slow covers all layers of the model',
    });
    const nowhere = { ...without, gpus: async () => ({ ...lacks, isThere: false }) };
    t.equal(
      (await selectEngine('auto', model, [slow, nowhere])).reason,
      'slow covers all layers of the model',
    );
    const wishes = { gpus: [0], fastMath: false };
    for (const name of ['auto', 'without']) {
      await t.rejects(selectEngine(name, model, engines, wishes), {
        code: 'ENGINE_GPUS',
        message: 'The GPUs asked for cannot be used: GPU 0 is idle.',
        hint: 'Install CUDA.',
      });
    }
    await t.rejects(selectEngine('slow', model, engines, wishes), {
      code: 'ENGINE_GPUS',
      message: /engine slow computes on processors alone/,
    });
  },
);

void t.test('a named engine is taken or refused with what to do', async (t) => {
  const engines = [
    engine('good'),
    engine('absent', missing),
    engine('narrow', there, refuses),
  ] as const;
  t.same(await selectEngine('good', model, engines), {
    engine: engines[0],
    reason: 'as configured',
  });
  await t.rejects(selectEngine('absent', model, engines), {
    code: 'ENGINE_UNAVAILABLE',
    message: 'Engine absent cannot run here: No such processor.',
    hint: 'Buy one.',
  });
  await t.rejects(selectEngine('narrow', model, engines), {
    code: 'ENGINE_MODEL_REFUSED',
    message: 'Engine narrow does not take the model: Layer 1:dense is too dense.',
    hint: 'Thin it.',
  });
  await t.rejects(selectEngine('gpu', model, engines), {
    code: 'ENGINE_UNKNOWN',
    hint: 'Use one of auto, good, absent, narrow.',
  });
  await t.rejects(selectEngine('webgpu', model, engines), { code: 'ENGINE_UNAVAILABLE' });
});

void t.test('the list names engines that are not there, why, and what to do', async (t) => {
  const list = await listEngines([engine('good'), engine('absent', missing)]);
  t.same(list.slice(0, 2), [
    { name: 'good', available: true, detail: 'runs', remedy: null, gpus: null },
    {
      ...{ name: 'absent', available: false, gpus: null },
      ...{ detail: missing.reason, remedy: missing.remedy },
    },
  ]);
  t.same(
    list.slice(2).map(({ name, available }) => [name, available]),
    [['webgpu', false]],
  );
});

void t.test(
  'auto takes wasm for layers that it covers, else the reference, and tells how to get tensorflow',
  async (t) => {
    process.env['LOCKSTEP_CACHE'] = t.testdir();
    const on = (layer: tf.layers.Layer) =>
      tf.sequential({
        layers: [tf.layers.inputLayer({ inputShape: [4, 4, 1] }), layer, tf.layers.flatten()],
      });
    const covered = await selectEngine('auto', on(tf.layers.maxPooling2d({})));
    t.equal(covered.engine.name, 'wasm');
    const other = await selectEngine(
      'auto',
      on(
        tf.layers.cropping2D({
          cropping: [
            [1, 1],
            [1, 1],
          ] as never,
        }),
      ),
    );
    t.equal(other.engine.name, 'reference');
    t.match(other.reason, /1:cropping2d.*not tensorflow: .*lockstep engine install tensorflow/);
  },
);

void t.test('a penalty that no engine applies is not dropped in silence', async (t) => {
  const layer = tf.layers.dense({ units: 2, inputShape: [3], kernelRegularizer: 'l1l2' });
  await t.rejects(selectEngine('auto', tf.sequential({ layers: [layer] })), {
    code: 'ENGINE_UNAVAILABLE',
    message: /kernelRegularizer.*kernelRegularizer/,
  });
});

function engine(
  name: string,
  status: { readonly detail: string } | EngineRefusal = there,
  refusal: EngineRefusal | null = null,
): Engine {
  return {
    name,
    module: 'data:text/javascript,',
    patienceSeconds: 1,
    sharesMicroBatches: false,
    availability: async () => status,
    refuses: () => refusal,
    build: () => Promise.reject(status),
  };
}
