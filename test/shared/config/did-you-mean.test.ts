import t from 'tap';
import { didYouMean } from '#src/shared/config/did-you-mean.js';

const KEYS = ['epochs', 'steps', 'batchSize', 'microBatch', 'out', 'data'];

t.test('near names are guessed, whatever their case and dashes', async (t) => {
  t.equal(didYouMean('epoch', KEYS), 'epochs');
  t.equal(didYouMean('batch-size', KEYS), 'batchSize');
  t.equal(didYouMean('bacthSize', KEYS), 'batchSize');
  t.equal(didYouMean('MICRO_BATCH', KEYS), 'microBatch');
  t.equal(didYouMean('uot', KEYS), 'out', 'neighbours swapped count once');
});

t.test('far names are not', async (t) => {
  t.equal(didYouMean('verbose', KEYS), null);
  t.equal(didYouMean('x', KEYS), null);
  t.equal(didYouMean('in', KEYS), null);
});
