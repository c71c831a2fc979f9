import t from 'tap';
import { evaluationText } from '#src/cli/display/evaluation.js';
import { setScores } from '#src/shared/evaluation/set-scores.js';
import type { EvaluationReport } from '#src/shared/run-reports.js';
import { sixClasses } from '../../shared/evaluation/cases.js';

const NAMES = [
  'T-shirt/top',
  'Trouser',
  'A class of a very long name indeed',
  'Dress',
  'Coat',
  'No',
];

function report(classes: readonly string[]): EvaluationReport {
  const predictions = { ...sixClasses(), classes: classes.length };
  return {
    run: '/runs/mine',
    step: 4690,
    weightsOf: 'last',
    weightsDigest: 'ab'.repeat(32),
    engine: 'wasm',
    sets: [{ set: 'test', samples: 200, loss: 0.5, accuracy: 0.705, ...setScores(predictions, classes) }], // prettier-ignore
    robustness: [
      { variant: 'as they are', change: 'none', samples: 200, loss: 0.5, accuracy: 0.705 },
      { variant: 'inverted', change: 'white for black', samples: 200, loss: 2, accuracy: 0.1 },
    ],
  };
}

t.test('evaluate prints scores, matrix, pairs, calibration and robustness in 80 columns', (t) => {
  const text = evaluationText(report(NAMES));
  t.match(text, /Trouser +│ +0\.7843 │ +0\.7407 │ +0\.7619 │ +54 │/);
  t.match(text, /macro average +│ +0\.6375 │ +0\.5570 │ +0\.5924 │ +200 │/);
  t.match(text, /^ 0 T-shirt\/top +44 +8 +0 +6 +6 +0$/m);
  t.match(text, / 8 +12\.50 % of +T-shirt\/top taken for Trouser/);
  t.match(text, /expected error 33\.69 %, largest 50\.10 %/);
  t.match(text, /inverted +│ +2\.0000 │ +10\.00 % │ +-60\.50 │/);
  for (const line of text.split('\n')) t.ok(line.length <= 80, line);
  t.end();
});

t.test('of many classes it prints no matrix, and says where it is', (t) => {
  const many = Array.from({ length: 60 }, (_, c) => `class ${String(c)}`);
  const text = evaluationText(report(many));
  t.match(text, 'confusion matrix  of 60 classes: see --json');
  t.match(text, 'and 20 more classes (--json has all)');
  t.end();
});
