import t from 'tap';
import { errorText, exitStatus } from '#src/cli/exit.js';
import { LockstepError } from '#src/shared/errors.js';

t.test('the exit status tells usage, failure and interruption apart', async (t) => {
  t.equal(exitStatus(new LockstepError('USAGE_INVALID', '')), 2);
  t.equal(exitStatus(new LockstepError('CONFIG_RESUME_DIFFERS', '')), 2);
  t.equal(exitStatus(new LockstepError('RUN_FOLDER_TAKEN', '')), 2);
  t.equal(exitStatus(new LockstepError('RUN_FOLDER_DISK_FULL', '')), 1);
  t.equal(exitStatus(new LockstepError('RUN_INTERRUPTED', '')), 130);
  t.equal(exitStatus(new TypeError('x')), 1);
  t.equal(exitStatus('thrown text'), 1);
});

t.test('a coded error shows code, place, cause and what to do, and no stack', async (t) => {
  const error = new LockstepError('RUN_FOLDER_IO', 'metrics.jsonl: it broke', {
    where: { step: 12, thread: 3 },
    cause: new Error('EIO'),
    hint: 'Check the disk.',
  });
  t.equal(
    errorText(error),
    [
      'lockstep: RUN_FOLDER_IO: metrics.jsonl: it broke',
      '  where: step 12, thread 3',
      '  cause: EIO',
      '  hint: Check the disk.',
      '',
    ].join('\n'),
  );
});

t.test('an unknown error keeps its stack', async (t) => {
  t.match(errorText(new TypeError('odd')), /TypeError: odd\n\s+at /);
});
