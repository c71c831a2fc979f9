/**
 * Keeps what a trained run was and came to, for the repository: its configuration, its summary with
 * the digest of the weights, the metrics of its epochs, and its page.
 *
 *   node scripts/keep-run.mjs RUN NAME --page FILE [--recipe FILE] [--commit HASH]
 *
 * writes docs/runs/NAME/, and the table in docs/runs/README.md anew. Weights and the metrics of
 * single steps are left out: whoever repeats the run gets the same, bit for bit. The page is what
 * `lockstep report RUN --out FILE` made, in the version that trained it.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from './run.mjs';

const FOLDER = join(ROOT, 'docs/runs');
const INTRODUCTION = `# Runs

Trained to the end with the recipes of this repository. Every choice (epochs, rates, the best weights)
is the recipe's, made on validation data where it depends on any; the test set was seen as the run went
on and decided nothing. A run's folder has its configuration, summary, epochs and page. \`lockstep train
config.json\` gives the same weights on any machine: compare the digest.`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    page: { type: 'string' },
    recipe: { type: 'string' },
    commit: { type: 'string' },
  },
});
const [run, name] = positionals;
if (run !== undefined && name !== undefined) keep(run, join(FOLDER, name));
writeFileSync(join(FOLDER, 'README.md'), table());

function keep(from, to) {
  mkdirSync(to, { recursive: true });
  const summary = json(join(from, 'summary.json'));
  const config = json(join(from, 'config.json'));
  const epochs = readFileSync(join(from, 'metrics.jsonl'), 'utf8')
    .split('\n')
    .filter((line) => line.includes('"kind":"epoch"'));
  // Where it lay is nobody's business.
  const kept = { ...summary, run: `runs/${name}`, recipe: values.recipe, commit: values.commit };
  write(join(to, 'summary.json'), kept);
  write(join(to, 'config.json'), { ...config, out: `runs/${name}`, data: null });
  writeFileSync(join(to, 'epochs.jsonl'), `${epochs.join('\n')}\n`);
  cpSync(values.page, join(to, 'report.html'));
}

function table() {
  const names = readdirSync(FOLDER, { withFileTypes: true })
    .filter((each) => each.isDirectory())
    .map((each) => each.name)
    .sort();
  const percent = (share) => (share === null ? '' : `${(100 * share).toFixed(2)} %`);
  const rows = names.map((each) => {
    const summary = json(join(FOLDER, each, 'summary.json'));
    const { seed } = json(join(FOLDER, each, 'config.json'));
    const { recipe, model, parameters, epochs, trainAccuracy, validationAccuracy } = summary;
    const cells = [
      `[${each}](${each}/report.html)`,
      recipe === undefined ? model : `[${model}](../../${recipe})`,
      parameters.toLocaleString('en'),
      `${epochs}, seed ${seed}`,
      ...[trainAccuracy, validationAccuracy, summary.testAccuracy].map(percent),
      `${(summary.totalSeconds / 3600).toFixed(1)} h`,
      `\`${summary.weightsDigest.slice(0, 16)}\``,
    ];
    return `| ${cells.join(' | ')} |`;
  });
  const head = [
    ...['run', 'model', 'parameters', 'epochs', 'train', 'validation', 'test'],
    ...['took', 'weights'],
  ];
  const line = `| ${head.map((_, i) => (i < 2 ? '---' : '---:')).join(' | ')} |`;
  return `${[INTRODUCTION, [`| ${head.join(' | ')} |`, line, ...rows].join('\n')].join('\n\n')}\n`;
}

function json(file) {
  return JSON.parse(readFileSync(file, 'utf8'));
}

function write(file, value) {
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);
}
