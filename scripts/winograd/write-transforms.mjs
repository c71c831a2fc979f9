/**
 * Writes src/worker/engine/wasm/assembly/winograd-transforms.ts. With --check nothing is written,
 * and the exit status tells whether the file is up to date.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { CONSTANTS, transformsOf } from './emit.mjs';
import { FORMS } from './matrices.mjs';

const file = new URL(
  '../../src/worker/engine/wasm/assembly/winograd-transforms.ts',
  import.meta.url,
);
const WIDEST = 8;
/** Room for factors behind a tiling and behind a weight's lines (TILING_BYTES, WEIGHT_VECTORS). */
const FACTOR_BYTES = 464;

const HEADER = `/**
 * Written by scripts/winograd/write-transforms.mjs from exact fractions; do not edit.
 *
 * One-dimensional transforms of Winograd's minimal filtering on vectors of four channels. A form
 * F(m, r) makes m outputs of r taps from m + r − 1 inputs by as many products, one a point:
 *
 *   V = Bᵀ·x    U = G·w    M = V ⊙ U (a matrix product over channels)    y = Aᵀ·M
 *
 * and the adjoint of each for backward. Two dimensions: along columns, then along rows. All forms
 * of one r take their points from one list, in its order, and share U; see
 * scripts/winograd/matrices.mjs for the matrices and their source. PAIR is a line of two between
 * zeros. The form is a constant wherever these are inlined.
 */
import { madd, relu } from './simd';

// @ts-ignore: decorator
@inline
function storeOrAdd(to: usize, x: v128, add: bool): void {
  v128.store(to, add ? f32x4.add(v128.load(to), x) : x);
}

/** What is done to an output as it is stored. */
export const AS_IS: i32 = 0;
export const BIASED: i32 = 1;
export const BIASED_RELU: i32 = 2;

// @ts-ignore: decorator
@inline
function storeOutput(to: usize, y: v128, finish: i32, bias: v128): void {
  if (finish == AS_IS) v128.store(to, y);
  else if (finish == BIASED) v128.store(to, f32x4.add(y, bias));
  else v128.store(to, relu(f32x4.add(y, bias)));
}
`;

const INLINE = '// @ts-ignore: decorator\n@inline\n';

function selection(name, text, value) {
  const cases = FORMS.map((form) => `  if (form == ${form.name}) return ${value(form)};`);
  return `/** ${text} */\n${INLINE}export function ${name}(form: i32): i32 {\n${cases.join('\n')}\n  return 0;\n}\n`;
}

const list = (letter, length = WIDEST) => Array.from({ length }, (_, i) => `${letter}${i}`);

/** How a kind of transform stores its results, and the parameters for that. */
const STORES = {
  inputPoints: {
    text: 'Bᵀ: inputs to points, stored every `step` bytes.',
    parameters: ['to: usize', 'step: usize'],
    store: (k, result) =>
      k === 0 ? `v128.store(to, ${result});` : `to += step;\n    v128.store(to, ${result});`,
  },
  inputGradients: {
    text:
      'B: gradients of points to gradients of inputs. Those that an earlier tile has stored\n' +
      ' * already, the first taps − 1, are added where `overlap` is on.',
    parameters: [...list('to').map((name) => `${name}: usize`), 'overlap: bool'],
    store: (k, result, { taps, name }) =>
      name !== 'PAIR' && k < taps - 1
        ? `storeOrAdd(to${k}, ${result}, overlap);`
        : `v128.store(to${k}, ${result});`,
  },
  weightPoints: {
    text: 'G: taps to points, stored every `step` bytes.',
    parameters: ['to: usize', 'step: usize'],
    store: (k, result) =>
      k === 0 ? `v128.store(to, ${result});` : `to += step;\n    v128.store(to, ${result});`,
  },
  weightGradients: {
    text: 'Gᵀ: gradients of points to gradients of taps, stored every `step` bytes.',
    parameters: ['to: usize', 'step: usize'],
    store: (k, result) =>
      k === 0 ? `v128.store(to, ${result});` : `to += step;\n    v128.store(to, ${result});`,
  },
  outputs: {
    text: 'Aᵀ: points to outputs.',
    parameters: [...list('to', 6).map((name) => `${name}: usize`), 'finish: i32', 'bias: v128'],
    store: (k, result) => `storeOutput(to${k}, ${result}, finish, bias);`,
  },
  outputGradients: {
    text: 'A: gradients of outputs to gradients of points, stored every `step` bytes.',
    parameters: ['to: usize', 'step: usize'],
    store: (k, result) =>
      k === 0 ? `v128.store(to, ${result});` : `to += step;\n    v128.store(to, ${result});`,
  },
};

const LETTERS = { inputPoints: 'x', inputGradients: 'v', weightPoints: 'w', weightGradients: 'u', outputs: 'm', outputGradients: 'g' }; // prettier-ignore
const OPERANDS = { weightPoints: 5, outputGradients: 6 };

function dispatcher(kind) {
  const { text, parameters, store } = STORES[kind];
  const operands = list(LETTERS[kind], OPERANDS[kind] ?? WIDEST).map((name) => `${name}: v128`);
  const bodies = FORMS.map((form) => {
    const { statements, results } = transformsOf(form).find((each) => each.name === kind);
    const lines = [...statements, ...results.map((result, k) => store(k, result, form))];
    return `  if (form == ${form.name}) {\n${lines.map((line) => `    ${line}\n`).join('')}  }\n`;
  });
  const signature = ['k: usize', 'form: i32', ...operands, ...parameters]
    .map((each) => `  ${each},\n`)
    .join('');
  return `/** ${text} */\n${INLINE}export function ${kind}(\n${signature}): void {\n${bodies.join('')}}\n`;
}

const dispatchers = Object.keys(STORES).map(dispatcher);
if (CONSTANTS.length * 4 > FACTOR_BYTES) {
  throw new Error(
    `${CONSTANTS.length} factors take more than the ${FACTOR_BYTES} bytes that kernels leave them.`,
  );
}
const storeConstants = `/** Stores the factors that all transforms find at \`k\`. */
export function storeConstants(k: usize): void {
${CONSTANTS.map(({ numerator, denominator }, i) => `  store<f32>(k, <f32>(${numerator}.0 / ${denominator}.0), ${i * 4});`).join('\n')}
}
`;

const text = [
  HEADER,
  storeConstants,
  FORMS.map((form) => `export const ${form.name}: i32 = ${form.code};\n`).join(''),
  selection('inputsOf', 'Inputs of a tile.', (form) => form.inputs),
  selection('pointsOf', 'Points, and so products, of a tile.', (form) => form.points),
  selection('outputsOf', 'Outputs of a tile.', (form) => form.tile),
  selection('tapsOf', 'Taps of the filter.', (form) => form.taps),
  ...dispatchers,
].join('\n');

const current = () => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
};
if (process.argv.includes('--check')) {
  if (current() !== text) {
    console.error(
      'winograd-transforms.ts is out of date: run node scripts/winograd/write-transforms.mjs',
    );
    process.exitCode = 1;
  }
} else {
  writeFileSync(file, text);
}
