import type { PhotoOptions } from '../../shared/photos/photo-options.js';
import { DecoderProcess } from './decoder-process.js';
import type { Outcome } from './photo-messages.js';

/** So many photographs are decoded at a time: a message is worth its cost, and progress is seen. */
const BATCH = 32;

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
    const batches: (readonly string[])[] = [];
    for (let at = 0; at < paths.length; at += this.#batch) {
      batches.push(paths.slice(at, at + this.#batch));
    }
    const free = [...this.#processes];
    const waiting: ((process: DecoderProcess) => void)[] = [];
    const freeDecoder = (): Promise<DecoderProcess> => {
      const next = free.pop();
      return next ? Promise.resolve(next) : new Promise((resolve) => waiting.push(resolve));
    };
    const start = async (batch: readonly string[]): Promise<readonly Outcome[]> => {
      const decoder = await freeDecoder();
      try {
        return await outcomesOf(decoder, batch);
      } finally {
        const next = waiting.shift();
        if (next === undefined) free.push(decoder);
        else next(decoder);
      }
    };
    const ahead: Promise<readonly Outcome[]>[] = [];
    let started = 0;
    for (let taken = 0; taken < batches.length; taken++) {
      while (started < batches.length && started < taken + 2 * this.#processes.length) {
        const outcomes = start(batches[started++]!);
        // It is looked at in its turn; until then, and if nobody comes, it is no failure of ours.
        outcomes.catch(() => undefined);
        ahead.push(outcomes);
      }
      yield* await ahead.shift()!;
    }
  }

  close(): void {
    for (const process of this.#processes) process.close();
  }
}

/** Where the process dies: each photograph by itself, so that only the one that did it is lost. */
async function outcomesOf(
  decoder: DecoderProcess,
  paths: readonly string[],
): Promise<readonly Outcome[]> {
  const answer = await decoder.decode(paths);
  if (!('how' in answer)) return answer;
  if (paths.length === 1) return [{ fault: `ended its decoder (${answer.how})` }];
  const outcomes: Outcome[] = [];
  for (const path of paths) outcomes.push(...(await outcomesOf(decoder, [path])));
  return outcomes;
}
