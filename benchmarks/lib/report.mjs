/** benchmarks/results/README.md: all result files as tables. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { resultsFolder } from './places.mjs';
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
}

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
