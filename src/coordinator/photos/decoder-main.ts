/** A process that decodes photographs for an import: what a broken one crashes is this alone. */
import { LockstepError } from '../../shared/errors.js';
import { processed, type PhotoOptions } from '../../shared/photos/photo-options.js';
import { decodePhoto, PhotoFault } from './decode-photo.js';
import type { FromDecoder, Outcome, ToDecoder } from './photo-messages.js';

let options: PhotoOptions;

process.on('message', (message: ToDecoder) => {
  if (message.kind === 'begin') options = message.options;
  else void decodeAll(message.paths);
});
// The import is gone.
process.on('disconnect', () => process.exit());

async function decodeAll(paths: readonly string[]): Promise<void> {
  try {
    const outcomes: Outcome[] = [];
    for (const path of paths) outcomes.push(await outcomeOf(path));
    say({ kind: 'decoded', outcomes });
  } catch (error) {
    if (!(error instanceof LockstepError)) throw error;
    say({ kind: 'missing', message: error.message, hint: error.hint ?? '' });
  }
}

async function outcomeOf(path: string): Promise<Outcome> {
  try {
    return processed(await decodePhoto(path), options);
  } catch (error) {
    if (error instanceof PhotoFault) return { fault: error.reason };
    throw error;
  }
}

/** The import may be gone before it hears. */
function say(message: FromDecoder): void {
  process.send!(message, () => undefined);
}
