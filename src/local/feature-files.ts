import { createHash } from 'node:crypto';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf, digestOfBytes } from '../coordinator/run-identity.js';
import { cacheFolder } from '../shared/cache-folder.js';
import { isStored, type SampleSet } from '../shared/data/stored-set.js';
import type { KeptFeatures } from '../worker/engine/engine.js';
import type { Trainer } from '../worker/trainer.js';
import { trainerSetup, type PreparedRun } from './prepare-run.js';

/**
 * What frozen layers compute of the samples of a set, in the cache, for other runs of the same frozen
 * weights on the same images: a search over the layers behind them, or an evaluation.
 *
 *   <cache>/features/<digest>.features    known [samples] │ values │ SHA-256 of both
 *
 * The digest is of the frozen layers, the calls of kernels that compute them, their weights, and the images.
 */
export class FeatureFiles {
  readonly #kept: readonly {
    readonly file: string;
    readonly features: KeptFeatures;
    was: number;
  }[];
  readonly #notice: (text: string) => void;

  private constructor(
    kept: readonly { readonly file: string; readonly features: KeptFeatures }[],
    notice: (text: string) => void,
  ) {
    this.#kept = kept.map((entry) => ({ ...entry, was: 0 }));
    this.#notice = notice;
  }

  /**
   * Those of a trainer that has its weights, and reads what is there. `extra`: its sets besides the
   * run's.
   */
  static async open(
    run: PreparedRun,
    trainer: Pick<Trainer, 'kept' | 'weights'>,
    notice: (text: string) => void,
    extra: readonly SampleSet[] = [],
  ): Promise<FeatureFiles> {
    const { kept } = trainer;
    const { program, layout, config } = run;
    // Bits of fast arithmetic belong to a kind of processor, and the cache may be shared by several.
    if (config.fastMath || kept.every((features) => features === null)) {
      return new FeatureFiles([], notice);
    }
    const sets = [...trainerSetup(run).sets, ...extra];
    const folder = join(cacheFolder(process.env), 'features');
    // A copy, since the weights lie in shared memory.
    const frozen = trainer.weights.slice(layout.lossOffset);
    const weights = digestOfBytes(new Uint8Array(frozen.buffer));
    const entries = kept.flatMap((features, i) => {
      const set = sets[i]!;
      // Images that are not in memory are not read once more for their digest.
      if (features === null || isStored(set)) return [];
      const { shape, pixels } = set;
      const name = digestOf([program.frozen!.digest, weights, shape, digestOfBytes(pixels)]);
      return [{ file: join(folder, `${name}.features`), features }];
    });
    const files = new FeatureFiles(entries, notice);
    await files.#read();
    return files;
  }

  /** Reads what is there; a file that is damaged, or cannot be read, is as good as none. */
  async #read(): Promise<void> {
    for (const entry of this.#kept) {
      const { known, values } = entry.features;
      if (!(await this.#readOrTell(entry.file, [known, values]))) {
        known.fill(0);
        continue;
      }
      entry.was = countOf(known);
      this.#notice(
        `Features of ${entry.was.toLocaleString('en')} of ${known.length.toLocaleString('en')} images are in the cache.`,
      );
    }
  }

  async #readOrTell(path: string, parts: readonly Uint8Array[]): Promise<boolean> {
    try {
      return await readInto(path, parts);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      this.#notice(`Features could not be read from the cache: ${reason}. They are computed anew.`);
      return false;
    }
  }

  /** Writes what has been added. A cache that cannot be written to is no reason to fail. */
  async write(): Promise<void> {
    for (const { file, features, was } of this.#kept) {
      if (countOf(features.known) === was) continue;
      try {
        await writeAll(file, [features.known, features.values]);
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : String(cause);
        this.#notice(`Features could not be written to the cache: ${reason}.`);
        return;
      }
    }
  }
}

const DIGEST_BYTES = 32;
/** Files are not read into shared memory, nor written from it: in pieces, then. */
const PIECE_BYTES = 16 << 20;

const countOf = (known: Uint8Array): number => known.reduce((sum, flag) => sum + flag, 0);

/** False where there is no whole file of that size. */
async function readInto(path: string, parts: readonly Uint8Array[]): Promise<boolean> {
  const bytes = parts.reduce((sum, { length }) => sum + length, DIGEST_BYTES);
  try {
    if ((await stat(path)).size !== bytes) return false;
    const file = await open(path, 'r');
    try {
      const hash = createHash('sha256');
      const piece = Buffer.alloc(PIECE_BYTES);
      for (const part of parts) {
        for (let first = 0; first < part.length; first += PIECE_BYTES) {
          const length = Math.min(PIECE_BYTES, part.length - first);
          if ((await file.read(piece, 0, length)).bytesRead !== length) return false;
          hash.update(piece.subarray(0, length));
          part.set(piece.subarray(0, length), first);
        }
      }
      const stored = Buffer.alloc(DIGEST_BYTES);
      await file.read(stored, 0, DIGEST_BYTES);
      return stored.equals(hash.digest());
    } finally {
      await file.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** Whole or not at all. */
async function writeAll(path: string, parts: readonly Uint8Array[]): Promise<void> {
  await mkdir(join(path, '..'), { recursive: true });
  const own = `${path}.${process.pid}.part`;
  try {
    const file = await open(own, 'w');
    try {
      const hash = createHash('sha256');
      for (const part of parts) {
        for (let first = 0; first < part.length; first += PIECE_BYTES) {
          const piece = part.slice(first, first + PIECE_BYTES);
          hash.update(piece);
          await file.write(piece);
        }
      }
      await file.write(hash.digest());
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(own, path);
  } finally {
    await rm(own, { force: true });
  }
}
