import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { reportRuns } from '#src/index.js';
import { studyPage } from '#src/report/study-page.js';
import { studyReports, SWEEP } from '../support/fake-studies.js';

const EVIL = `<img src=x onerror="alert(1)">&"'`;
const [sweep, range, folds, scale, ensemble] = studyReports(EVIL).map((report) =>
  studyPage(report).replace(/\s+/g, ' '),
) as [string, string, string, string, string];
const count = (page: string, what: RegExp): number => [...page.matchAll(what)].length;

t.test('names and settings that would be code are text on every page', (t) => {
  for (const page of [sweep, range, folds, scale, ensemble]) {
    // In quotes a < is text: that the quotes hold is seen in a browser (report-runs.test.ts).
    t.notMatch(page.replace(/aria-label="[^"]*"/g, ''), '<img src=x');
    t.notMatch(page, /<script/i);
    t.match(page, '&lt;img src=x onerror=&quot;alert(1)&quot;&gt;');
  }
  t.end();
});

t.test('a search has its runs, the choice, and a drawing for each key and over the epochs', (t) => {
  t.match(sweep, /<dt>chosen<\/dt> <dd>002<\/dd>/);
  t.match(sweep, /<dt>validation accuracy<\/dt> <dd>85\.00 %<\/dd>/);
  t.match(sweep, /<dt>test accuracy<\/dt> <dd>90\.00 %<\/dd>/);
  t.match(
    sweep,
    /002<\/th> ?<td>0\.1<\/td> ?<td><\/td> ?<td>done<\/td> ?<td>2<\/td> ?<td>85\.00 %/,
  );
  t.match(sweep, /<li>003: <code>MODEL_UNKNOWN<\/code> &lt;img/);
  t.equal(count(sweep, /<svg[^>]*role="img"/g), 4, 'two keys, accuracy and loss');
  // The last epoch of run 002, in the figures beside the drawing.
  t.match(sweep, /<td>85\.00 %<\/td>/);
  t.end();
});

t.test('two keys of a grid have a drawing of both', (t) => {
  const [report] = studyReports(EVIL);
  const [first] = SWEEP.runs;
  const runs = [0.1, 0.01].flatMap((learningRate) =>
    [32, 64].map((batchSize) => ({ ...first!, settings: { learningRate, batchSize } })),
  );
  const results = { ...SWEEP, keys: ['learningRate', 'batchSize'], runs };
  const page = studyPage({ ...report!, results });
  t.match(page, /By learningRate and batchSize: from 85\.00 % to 85\.00 %\./);
  t.end();
});

t.test('the other kinds have their figures too', (t) => {
  t.match(range, /<dt>steepest fall<\/dt> <dd>0\.01<\/dd>/);
  t.match(range, /By learning rate\. loss: from 2\.2500 to 1\.7500\./);
  t.match(folds, /<dt>mean accuracy<\/dt> <dd>77\.50 %<\/dd>/);
  t.match(folds, /Confusion matrix/);
  t.match(scale, /1,500<\/td> ?<td>2\.14<\/td> ?<td>107 %<\/td> ?<td>100 %<\/td>/);
  t.equal(count(scale, /<svg[^>]*role="img"/g), 3);
  t.match(scale, /b64-t1: from 50\.00 % to 75\.00 %; b64-t2: from 50\.00 % to 75\.00 %\./);
  t.match(ensemble, /average \(chosen\)<\/th> ?<td>93\.00 %<\/td> ?<td>0\.2000<\/td>/);
  t.match(ensemble, /average: 93\.00 %; vote: 92\.00 %\./);
  t.end();
});

t.test('a study that is not done, or stands beside others, is refused', async (t) => {
  const folder = join(t.testdir(), 'begun');
  await mkdir(folder);
  await writeFile(join(folder, 'study.json'), '{"kind":"sweep"}');
  await t.rejects(reportRuns([folder]), { code: 'STUDY_NOT_FOUND' });
  await t.rejects(reportRuns([folder, folder]), { code: 'USAGE_INVALID' });
});
