import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import t from 'tap';
import { repository } from '../../../golden/repository.js';
import { generator } from './harness.js';

interface Form {
  readonly name: string;
  readonly code: number;
  readonly tile: number;
  readonly taps: number;
  readonly inputs: number;
  readonly points: number;
  /** Of exact fractions, which convert to numbers. */
  readonly Bt: readonly (readonly Fraction[])[];
  readonly G: readonly (readonly Fraction[])[];
  readonly At: readonly (readonly Fraction[])[];
}
interface Fraction {
  readonly denominator: number;
  valueOf(): number;
}

const module = join(repository, 'scripts/winograd/matrices.mjs');
const { FORMS } = (await import(pathToFileURL(module).href)) as { readonly FORMS: readonly Form[] };

const times = (matrix: readonly (readonly Fraction[])[], x: readonly number[]) =>
  matrix.map((row) => row.reduce((sum, value, i) => sum + Number(value) * x[i]!, 0));

void t.test('every form is a filter of so many taps: Aᵀ[(G·w) ⊙ (Bᵀ·x)]', async (t) => {
  const random = generator(1);
  const integers = (length: number) => Array.from({ length }, () => random(41) - 20);
  for (const form of FORMS) {
    for (let round = 0; round < 50; round++) {
      const x = integers(form.inputs);
      const w = integers(form.taps);
      const u = times(form.G, w);
      const v = times(form.Bt, x);
      const y = times(
        form.At,
        u.map((value, i) => value * v[i]!),
      );
      // PAIR is a line of two between zeros.
      const line = form.name === 'PAIR' ? [0, ...x, 0] : x;
      const expected = Array.from({ length: form.tile }, (_, j) =>
        w.reduce((sum, value, k) => sum + value * line[j + k]!, 0),
      );
      t.ok(
        y.every((value, j) => Math.abs(value - expected[j]!) < 1e-9),
        `${form.name}: ${y.join(', ')}, not ${expected.join(', ')}`,
      );
    }
  }
});

void t.test('forms of as many taps share the transformed weights of their points', async (t) => {
  for (const taps of [3, 5]) {
    const family = FORMS.filter((form) => form.taps === taps && form.name !== 'PAIR');
    const widest = family.at(-1)!;
    for (const form of family) {
      t.same(form.G.map(numbers), widest.G.slice(0, form.points).map(numbers), form.name);
    }
  }
});

void t.test('factors of the maps are exact in float32 where one form is used alone', async (t) => {
  for (const form of FORMS.filter(({ name }) => ['PAIR', 'F43', 'F35'].includes(name))) {
    for (const value of [...form.Bt, ...form.At].flat()) {
      t.equal(Math.fround(Number(value)), Number(value), `${form.name}: ${Number(value)}`);
    }
  }
});

function numbers(row: readonly Fraction[]): number[] {
  return row.map(Number);
}
