/** Runs small enough to be done many times over, on real images. */
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tf, type ArrayData, type RunObserver, type TrainInput } from '#src/index.js';
import type { ImageSet } from '#src/shared/data/image-set.js';
import { encodeIdxImages, encodeIdxLabels } from '#src/shared/data/idx.js';
import { fashionMnist } from './fashion-mnist.js';

/** The first images of the real Fashion-MNIST, as a program's own arrays. */
export async function realImages(train: number, test: number): Promise<ArrayData> {
  const data = await fashionMnist();
  const { shape, classes } = data.train;
  return { train: firstOf(data.train, train), test: firstOf(data.test, test), shape, classes };
}

function firstOf({ shape, pixels, labels }: ImageSet, count: number): ArrayData['train'] {
  const bytes = shape.height * shape.width * shape.channels;
  return { images: pixels.slice(0, count * bytes), labels: labels.slice(0, count) };
}

/** Writes arrays as the four IDX files of a data folder; returns its path. */
export async function writeImages(
  folder: string,
  { train, test, shape }: ArrayData,
): Promise<string> {
  await mkdir(folder, { recursive: true });
  const sets = [
    ['train', train],
    ['t10k', test],
  ] as const;
  for (const [name, { images, labels }] of sets) {
    const pixels = new Uint8Array(images);
    const encoded = encodeIdxImages(labels.length, shape, pixels);
    await writeFile(join(folder, `${name}-images-idx3-ubyte`), encoded);
    await writeFile(
      join(folder, `${name}-labels-idx1-ubyte`),
      encodeIdxLabels(Uint16Array.from(labels)),
    );
  }
  return folder;
}

/** Batch norm and dropout in a net of 1,485 parameters: whatever may depend on who computes. */
export function smallNet(): ReturnType<typeof tf.sequential> {
  const model = tf.sequential();
  model.add(
    tf.layers.conv2d({
      inputShape: [28, 28, 1],
      filters: 5,
      kernelSize: 3,
      strides: 2,
      useBias: false,
    }),
  );
  model.add(tf.layers.batchNormalization());
  model.add(tf.layers.reLU());
  model.add(tf.layers.maxPooling2d({ poolSize: 2, strides: 2 }));
  model.add(tf.layers.dropout({ rate: 0.25 }));
  model.add(tf.layers.flatten());
  model.add(tf.layers.dense({ units: 10, activation: 'softmax' }));
  return model;
}

/** The lines of a run's metrics, without what a clock has measured. */
export function untimedMetrics(run: string): Record<string, unknown>[] {
  const text = readFileSync(join(run, 'metrics.jsonl'), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => {
      const record = JSON.parse(line) as Record<string, unknown>;
      const kept = Object.entries(record).filter(([key]) => !/Seconds$|PerSecond$/.test(key));
      return Object.fromEntries(kept);
    });
}

/** The optimizer steps that a run's metrics tell of, in their order. */
export function stepsOf(run: string): unknown[] {
  return untimedMetrics(run).flatMap(({ kind, step }) => (kind === 'step' ? [step] : []));
}

/** What a run's inputs may be when a test varies some of them. */
export type SmallRun = Omit<TrainInput, 'observer' | 'signal'>;

/** What asks a run to end after a step, given to `train` with the rest. */
export function stopAfter(last: number): { observer: RunObserver; signal: AbortSignal } {
  const stop = new AbortController();
  const observer: RunObserver = {
    notice: () => undefined,
    started: () => undefined,
    step: ({ step }) => {
      if (step === last) stop.abort();
    },
    epoch: () => undefined,
    finished: () => undefined,
  };
  return { observer, signal: stop.signal };
}
