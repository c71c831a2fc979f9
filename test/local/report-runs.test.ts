import { statSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import t from 'tap';
import { evaluateRun, reportRuns, train } from '#src/index.js';
import { refuseForeignFile, writeReport } from '#src/cli/report-file.js';
import { studyPage } from '#src/report/study-page.js';
import { installPeers } from '../golden/peers.js';
import { seePage } from '../support/chromium.js';
import { studyReports } from '../support/fake-studies.js';
import { realImages, smallNet, writeImages } from '../support/small-runs.js';

t.setTimeout(1_800_000);
const folder = t.testdir();
process.env['LOCKSTEP_CACHE'] ??= join(process.cwd(), '.cache');
/** Class and run names that would be code, were they not escaped. */
const EVIL = `<img src=x onerror="console.error('ran')">&"'`;
const EVIL_RUN = 'run <script>console.error("ran")<';
const names = ['T-shirt', EVIL, 'a class whose name is much too long for any column of a table', ...'3456789']; // prettier-ignore
const data = await writeImages(join(folder, 'data'), await realImages(600, 200));
await writeFile(join(data, 'classes.json'), JSON.stringify(names));
const SETTINGS = { epochs: 2, batchSize: 64, microBatch: 16, threads: 2, data };
const runs = [join(folder, EVIL_RUN), join(folder, 'other')] as const;
const summary = await train({ ...SETTINGS, seed: 3, model: smallNet(), out: runs[0] });
await train({ ...SETTINGS, seed: 4, model: 'mlp', learningRateSchedule: 'cosine', out: runs[1] });
const pages = join(folder, 'pages');
await mkdir(pages);
const peers = await installPeers();

const LOOK = `({
  overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  text: document.body.innerText,
  scripts: document.scripts.length,
  charts: document.querySelectorAll('svg[role=img][aria-label]').length,
  unnamed: [...document.querySelectorAll('svg:not([aria-label]), img:not([alt])')].length,
  broken: [...document.images].filter((image) => image.naturalWidth === 0).length,
  images: document.images.length,
  evil: document.querySelectorAll('img[src=x]').length,
  cells: [...document.querySelectorAll('.matrix tbody tr')].map((row) =>
    [...row.querySelectorAll('td')].map((cell) => Number(cell.innerText.replace('·', '0')))),
  back: getComputedStyle(document.body).backgroundColor,
})`;
interface Look {
  readonly overflow: number;
  readonly text: string;
  readonly scripts: number;
  readonly charts: number;
  readonly unnamed: number;
  readonly broken: number;
  readonly images: number;
  readonly evil: number;
  readonly cells: readonly (readonly number[])[];
  readonly back: string;
}

for (const [title, folders, charts] of [
  ['one run', runs.slice(0, 1), 5],
  ['two runs compared', runs, 7],
] as const) {
  const file = join(pages, `${title}.html`);
  await writeFile(file, await reportRuns(folders, { threads: 2 }));
  const [evaluation] = (await evaluateRun(runs[0], { sets: ['test'] })).sets;

  await t.test(`The page of ${title} is whole, quiet and fits in a browser`, async (t) => {
    const backs = new Set<string>();
    for (const [width, scheme] of [
      [1400, 'light'],
      [400, 'dark'],
    ] as const) {
      const seen = await seePage(peers, pathToFileURL(file).href, width, scheme, LOOK);
      const look = seen.value as Look;
      t.same(seen.complaints, [], 'nothing in the console');
      t.same(seen.requests, [], 'no request');
      t.equal(look.overflow, 0, `no horizontal overflow at ${String(width)} px`);
      t.equal(look.scripts, 0);
      t.equal(look.evil, 0, 'names are text');
      t.equal(look.broken, 0, 'every image can be decoded');
      t.equal(look.unnamed, 0, 'every drawing and image has a text');
      t.equal(look.charts, charts);
      t.ok(look.images > 40, String(look.images));
      t.ok(look.text.includes(EVIL_RUN) && look.text.includes(EVIL), 'names are shown as they are');
      t.ok(look.text.includes(`${(summary.testAccuracy! * 100).toFixed(2)} %`));
      t.ok(look.text.includes(summary.testLoss!.toFixed(4)));
      t.ok(look.text.includes(evaluation!.averages.macro.f1.toFixed(4)));
      t.same(look.cells.slice(0, 10), evaluation!.confusion);
      backs.add(look.back);
    }
    t.equal(backs.size, 2, 'light and dark differ');
    t.ok(statSync(file).size < 600_000, `${String(statSync(file).size)} bytes`);
  });
}

for (const [i, report] of studyReports(EVIL).entries()) {
  const { kind } = report.results;
  await t.test(
    `The page of a study (${kind}, ${String(i)}) is whole, quiet and fits`,
    async (t) => {
      const file = join(pages, `study-${String(i)}.html`);
      await writeFile(file, studyPage(report));
      for (const [width, scheme] of [
        [1400, 'light'],
        [400, 'dark'],
      ] as const) {
        const seen = await seePage(peers, pathToFileURL(file).href, width, scheme, LOOK);
        const look = seen.value as Look;
        t.same(seen.complaints, [], 'nothing in the console');
        t.same(seen.requests, [], 'no request');
        t.equal(look.overflow, 0, `no horizontal overflow at ${String(width)} px`);
        t.equal(look.scripts + look.evil + look.broken + look.unnamed, 0);
        t.ok(look.charts > 0);
        t.ok(look.text.includes(`study ${EVIL}`), 'names are shown as they are');
      }
    },
  );
}

await t.test('the page names losses of each epoch, and where configurations differ', async (t) => {
  const text = await readFile(join(pages, 'two runs compared.html'), 'utf8');
  const lines = (await readFile(join(runs[0], 'metrics.jsonl'), 'utf8')).trim().split('\n');
  const epochs = lines.map((line) => JSON.parse(line) as Record<string, number | string>);
  for (const { kind, loss, testLoss } of epochs) {
    if (kind !== 'epoch') continue;
    t.match(text, `<td>${Number(loss).toFixed(4)}</td>`);
    t.match(text, `<td>${Number(testLoss).toFixed(4)}</td>`);
  }
  t.match(text.replace(/\s+/g, ' '), /learningRateSchedule<\/th> ?<td>constant<\/td> ?<td>cosine</);
});

await t.test('a report is written over, another file is not', async (t) => {
  const report = join(pages, 'one run.html');
  await refuseForeignFile(report);
  await refuseForeignFile(join(pages, 'absent.html'));
  const other = join(runs[0], 'config.json');
  await t.rejects(refuseForeignFile(other), { code: 'REPORT_OUTPUT_EXISTS' });
  await t.rejects(writeReport(join(pages, 'no', 'x.html'), ''), { code: 'REPORT_OUTPUT_FAILED' });
});
