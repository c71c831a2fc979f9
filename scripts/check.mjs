/** Format, lint, types, import direction, generated files, unit tests: before every commit. */
import { commandOf, node } from './run.mjs';

node([commandOf('prettier'), '--check', '--log-level', 'warn', '.']);
node(['scripts/build.mjs', '--tests']);
node([commandOf('eslint'), '--max-warnings', '0', '.']);
node([commandOf('dependency-cruiser', 'depcruise'), 'src']);
node(['scripts/write-schemas.mjs', '--check']);
node(['scripts/test.mjs', '--unit', '--no-build']);
