import js from '@eslint/js';
import tseslint from 'typescript-eslint';

// Where a value may reach a weight, only operations that IEEE 754 specifies to the bit are
// allowed: these functions differ between JavaScript engines and between their versions.
const INEXACT_MATH = [
  'exp',
  'expm1',
  'log',
  'log1p',
  'log2',
  'log10',
  'pow',
  'sin',
  'cos',
  'tan',
  'asin',
  'acos',
  'atan',
  'atan2',
  'sinh',
  'cosh',
  'tanh',
  'asinh',
  'acosh',
  'atanh',
  'cbrt',
  'hypot',
  'random',
];

export default tseslint.config(
  {
    ignores: [
      'dist/',
      'build/',
      '.tap/',
      '.cache/',
      'node_modules/',
      'src/worker/engine/wasm/assembly/',
    ],
  },
  js.configs.recommended,
  ...tseslint.configs.strict,
  {
    files: ['src/**/*.ts'],
    languageOptions: { parserOptions: { project: './tsconfig.json' } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      'no-restricted-properties': [
        'error',
        ...INEXACT_MATH.map((property) => ({
          object: 'Math',
          property,
          message: `Math.${property} is not specified to the bit; see docs/decisions/exact-arithmetic.md.`,
        })),
      ],
      'no-restricted-syntax': [
        'error',
        {
          selector: "BinaryExpression[operator='**'], AssignmentExpression[operator='**=']",
          message: '** is not specified to the bit; multiply.',
        },
        {
          selector: "VariableDeclarator[init.name='Math'] > ObjectPattern",
          message: 'Name Math at each use, so that inexact functions are seen.',
        },
        {
          selector: "NewExpression[callee.name='Error'], NewExpression[callee.name='TypeError']",
          message: 'Throw a LockstepError with a code (src/shared/errors.ts).',
        },
      ],
    },
  },
  {
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      eqeqeq: 'error',
    },
  },
  {
    files: ['**/*.js', '**/*.mjs', '**/*.cjs'],
    languageOptions: {
      globals: Object.fromEntries(
        [
          'process',
          'module',
          'console',
          'Buffer',
          'URL',
          'setTimeout',
          'clearTimeout',
          'setInterval',
          'clearInterval',
          'performance',
          'WebAssembly',
          'fetch',
          'document',
          'window',
          'navigator',
          'crypto',
          'structuredClone',
          'SharedArrayBuffer',
          'Atomics',
          'Worker',
          'self',
          'location',
          'setImmediate',
          'TextEncoder',
          'TextDecoder',
        ].map((name) => [name, 'readonly']),
      ),
    },
  },
);
