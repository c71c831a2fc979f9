/**
 * Format, lint, types, import direction, generated files, unit tests: before every commit.
 * `--no-tests` leaves the unit tests out.
 */
import { commandOf, node } from './run.mjs';

node([commandOf('prettier'), '--check', '--log-level', 'warn', '.']);
node(['scripts/build.mjs', '--tests']);
node([commandOf('eslint'), '--max-warnings', '0', '.']);
node([commandOf('dependency-cruiser', 'depcruise'), 'src']);
node(['scripts/winograd/write-transforms.mjs', '--check']);
node(['scripts/write-schemas.mjs', '--check']);
if (!process.argv.includes('--no-tests')) node(['scripts/test.mjs', '--unit', '--no-build']);
