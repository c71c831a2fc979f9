/**
 * Writes what follows from definitions in src/shared: schema/*.schema.json, and the tables in
 * docs/configuration.md and docs/errors.md. With --check nothing is written, and the exit status tells
 * whether all is up to date. Needs `npm run build` before.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { exitStatus } from '../dist/cli/exit.js';
import { FLAGS } from '../dist/shared/config/flags.js';
import { configJsonSchema, expectation, keyJsonSchema } from '../dist/shared/config/json-schema.js';
import { clusterJsonSchema } from '../dist/local/launch/cluster-schema.js';
import { studyJsonSchema } from '../dist/shared/study/study-schema.js';
import { TRAINING_KEYS } from '../dist/shared/config/schema.js';
import { ERROR_CODES, LockstepError } from '../dist/shared/errors.js';

const BEGIN = '<!-- table: written by scripts/write-schemas.mjs -->';
const END = '<!-- end of table -->';

const at = (path) => new URL(`../${path}`, import.meta.url);

const row = (spec) => {
  const nullable = keyJsonSchema(spec.key).nullable ? ' (or `null`)' : '';
  const decides = TRAINING_KEYS.includes(spec.key) ? 'yes' : '';
  const cells = [
    `\`${spec.key}\``,
    `\`--${spec.flag}\``,
    spec.help,
    `${expectation(spec.key)}${nullable}`,
    spec.defaultText,
    decides,
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
};

const groups = [...new Set(FLAGS.map(({ group }) => group))];
const configTables = groups
  .map((group) =>
    [
      `### ${group}`,
      '',
      '| key | flag | meaning | takes | default | decides the weights |',
      '|---|---|---|---|---|---|',
      ...FLAGS.filter((spec) => spec.group === group).map(row),
    ].join('\n'),
  )
  .join('\n\n');

const errorTable = [
  '| code | exit status | meaning |',
  '|---|---|---|',
  ...Object.entries(ERROR_CODES).map(
    ([code, meaning]) =>
      `| \`${code}\` | ${exitStatus(new LockstepError(code, ''))} | ${meaning.replaceAll('|', '\\|')} |`,
  ),
].join('\n');

const withTable = (table) => (document) => {
  const [before, rest] = document.split(BEGIN);
  const after = rest.split(END)[1];
  return `${before}${BEGIN}\n\n${table}\n\n${END}${after}`;
};

const outputs = [
  ['schema/train.schema.json', () => `${JSON.stringify(configJsonSchema(), null, 2)}\n`],
  ['schema/cluster.schema.json', () => `${JSON.stringify(clusterJsonSchema(), null, 2)}\n`],
  ['schema/study.schema.json', () => `${JSON.stringify(studyJsonSchema(), null, 2)}\n`],
  ['docs/configuration.md', withTable(configTables)],
  ['docs/errors.md', withTable(errorTable)],
];

const read = (path) => {
  try {
    return readFileSync(at(path), 'utf8');
  } catch {
    return '';
  }
};

for (const [path, make] of outputs) {
  const before = read(path);
  const after = make(before);
  if (before === after) continue;
  if (process.argv.includes('--check')) {
    console.error(`${path} is out of date: run node scripts/write-schemas.mjs`);
    process.exitCode = 1;
  } else {
    writeFileSync(at(path), after);
    console.log(`wrote ${path}`);
  }
}
