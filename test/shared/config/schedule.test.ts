import t from 'tap';
import { lastStep, overlay } from '#src/shared/config/schedule.js';
import { stepsPerEpoch } from '#src/shared/data/epoch-plan.js';

t.test('a short last batch is a step', async (t) => {
  t.equal(stepsPerEpoch(60000, 128), 469);
  t.equal(stepsPerEpoch(256, 128), 2);
});

t.test('a run ends at the bound that comes first', async (t) => {
  t.equal(lastStep({ epochs: 10, steps: null }, 469), 4690);
  t.equal(lastStep({ epochs: null, steps: 7 }, 469), 7);
  t.equal(lastStep({ epochs: 1, steps: 5000 }, 469), 469);
  t.equal(lastStep({ epochs: 10, steps: 100 }, 469), 100);
});

t.test('flags win over a file, and one that gives an end replaces both', async (t) => {
  t.same(overlay({ seed: 1, epochs: 3 }, { seed: 2, threads: undefined }), { seed: 2, epochs: 3 });
  t.same(overlay({ epochs: 3, seed: 1 }, { steps: 100 }), { seed: 1, steps: 100 });
  t.same(overlay({ steps: 3 }, { epochs: 2 }), { epochs: 2 });
});
