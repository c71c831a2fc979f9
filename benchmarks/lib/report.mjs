/** benchmarks/results/<processor>/README.md: all result files as tables. And a list of processors. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { resultsFolder, resultsRoot } from './places.mjs';
import { SUITES } from './suites.mjs';

export async function writeReport() {
  const sections = ['# Measured figures', INTRODUCTION];
  for (const [name, { load }] of Object.entries(SUITES)) {
    const file = join(resultsFolder, `${name}.json`);
    if (!existsSync(file)) continue;
    const result = JSON.parse(readFileSync(file, 'utf8'));
    const { head, rows, after } = (await load()).table(result);
    sections.push(`## ${result.title}`, markdownTable(head, rows));
    if (after !== undefined) sections.push(after);
    sections.push(`${circumstances(result)} Raw figures: [${name}.json](${name}.json).`);
  }
  writeFileSync(join(resultsFolder, 'README.md'), `${sections.join('\n\n')}\n`);
  writeFileSync(join(resultsRoot, 'README.md'), `${listOfProcessors()}\n`);
}

function listOfProcessors() {
  const folders = readdirSync(resultsRoot, { withFileTypes: true }).filter((each) =>
    each.isDirectory(),
  );
  const lines = folders.map(({ name }) => {
    const files = readdirSync(join(resultsRoot, name)).filter((file) => file.endsWith('.json'));
    const { machine } = JSON.parse(readFileSync(join(resultsRoot, name, files[0]), 'utf8'));
    const suites = files.map((file) => file.replace('.json', '')).join(', ');
    return `- [${machine.processor}](${name}/README.md), ${machine.cores} cores: ${suites}`;
  });
  return ['# Measured figures', BY_PROCESSOR, lines.join('\n')].join('\n\n');
}

const BY_PROCESSOR = `\`npm run bench\` writes into the folder of the processor that it runs on. Processors differ in
how WebAssembly's vectors of 128 bits compare with the wider ones that PyTorch uses.`;

const INTRODUCTION = `\`npm run bench\` writes this file. All sides of a comparison take turns on the same cores
(A B, B A, …); a figure is the median over the rounds, a ratio the median of the rounds' ratios.`;

function circumstances({ date, machine, versions, quick }) {
  const { processor, cores, memoryGiB, system, busyCoresAtStart } = machine;
  const busy =
    busyCoresAtStart > 0.25
      ? ` **Other programs kept ${busyCoresAtStart.toFixed(1)} cores busy.**`
      : '';
  return (
    `${date.slice(0, 16).replace('T', ' ')} UTC, ${processor}, ${cores} cores, ${memoryGiB} GiB, ` +
    `${system}; Lockstep ${versions.lockstep} (${versions.commit}), Node ${versions.node}.` +
    `${quick ? ' Short run (`--quick`).' : ''}${busy}`
  );
}

function markdownTable(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map(line)].join(
    '\n',
  );
}
