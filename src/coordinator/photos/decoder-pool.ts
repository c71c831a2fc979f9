import { statSync } from 'node:fs';
import type { PhotoOptions } from '../../shared/photos/photo-options.js';
import { DecoderProcess } from './decoder-process.js';
import type { Outcome } from './photo-messages.js';

/** So many photographs are decoded at a time: a message is worth its cost, and progress is seen. */
const BATCH = 32;
/** … but no more than these bytes of files: large ones, whose pixels are many, come one by one. */
const BATCH_BYTES = 1 << 20;

/**
 * Several processes that decode photographs, each one file after the other. Processes and not
 * threads, because a decoder that crashes takes its process with it: the rest go on, and the
 * photograph that did it is found and named.
 */
export class DecoderPool {
  readonly #processes: readonly DecoderProcess[];
  readonly #batch: number;

  /** `main`: another program in the decoder's place, for tests. */
  constructor(options: PhotoOptions, processes: number, batch = BATCH, main?: string) {
    this.#processes = Array.from({ length: processes }, () => new DecoderProcess(options, main));
    this.#batch = batch;
  }

  /**
   * What came of each photograph, in the order of `paths`, however many decode; at most two batches
   * for each process are ahead of whoever takes them. Throws DATA_DECODER_MISSING.
   */
  async *decode(paths: readonly string[]): AsyncGenerator<Outcome, void, undefined> {
    const batches = batchesOf(paths, this.#batch);
    let next = batches.next();
    const free = [...this.#processes];
    const waiting: ((process: DecoderProcess) => void)[] = [];
    const freeDecoder = (): Promise<DecoderProcess> => {
      const idle = free.pop();
      return idle ? Promise.resolve(idle) : new Promise((resolve) => waiting.push(resolve));
    };
    const start = async (batch: readonly string[]): Promise<readonly Outcome[]> => {
      const decoder = await freeDecoder();
      try {
        return await outcomesOf(decoder, batch);
      } finally {
        const take = waiting.shift();
        if (take === undefined) free.push(decoder);
        else take(decoder);
      }
    };
    const ahead: Promise<readonly Outcome[]>[] = [];
    for (;;) {
      for (; !next.done && ahead.length < 2 * this.#processes.length; next = batches.next()) {
        const outcomes = start(next.value);
        // It is looked at in its turn; until then, and if nobody comes, it is no failure of ours.
        outcomes.catch(() => undefined);
        ahead.push(outcomes);
      }
      const outcomes = ahead.shift();
      if (outcomes === undefined) return;
      yield* await outcomes;
    }
  }

  close(): void {
    for (const process of this.#processes) process.close();
  }
}

/** At most `most` photographs each, and `bytes` of files, or a single one. */
export function* batchesOf(
  paths: readonly string[],
  most: number,
  bytes = BATCH_BYTES,
): Generator<readonly string[], void, undefined> {
  let batch: string[] = [];
  let filled = 0;
  for (const path of paths) {
    const size = sizeOf(path);
    if (batch.length === most || (batch.length > 0 && filled + size > bytes)) {
      yield batch;
      [batch, filled] = [[], 0];
    }
    batch.push(path);
    filled += size;
  }
  if (batch.length > 0) yield batch;
}

/** 0 where it cannot be looked at: its decoder says why. */
function sizeOf(path: string): number {
  try {
    return statSync(path).size;
  } catch {
    return 0;
  }
}

/**
 * Where the process dies: each photograph by itself, so that only the one that did it is lost. A single
 * one is tried again, too, as the process may have died before it came.
 */
async function outcomesOf(
  decoder: DecoderProcess,
  paths: readonly string[],
): Promise<readonly Outcome[]> {
  const answer = await decoder.decode(paths);
  if (!('how' in answer)) return answer;
  const outcomes: Outcome[] = [];
  for (const path of paths) {
    const alone = await decoder.decode([path]);
    if ('how' in alone) outcomes.push({ fault: `ended its decoder (${alone.how})` });
    else outcomes.push(...alone);
  }
  return outcomes;
}
