import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { hostname } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { OutputFolder } from '#src/coordinator/photos/output-folder.js';

/** A folder that holds an import, and what is in it. */
function imported(t: Test): string {
  return join(t.testdir({ set: { 'import.json': 'first' } }), 'set');
}

const recordOf = (path: string): string => fs.readFileSync(join(path, 'import.json'), 'utf8');
const beside = (path: string): string[] => fs.readdirSync(join(path, '..')).sort();

t.test('an earlier import comes back where the new one cannot take its place', (t) => {
  const path = imported(t);
  const folder = new OutputFolder(path, true);
  fs.writeFileSync(join(folder.temporary, 'import.json'), 'second');
  const { renameSync } = fs;
  const restore = (): void => {
    fs.renameSync = renameSync;
    syncBuiltinESMExports();
  };
  t.teardown(restore);
  fs.renameSync = (from, to) => {
    if (from === folder.temporary) throw new TypeError('EIO: the disk is gone');
    renameSync(from, to);
  };
  syncBuiltinESMExports();
  t.throws(() => {
    folder.keep();
  }, { code: 'DATA_OUTPUT_FAILED', message: /EIO/ }); // prettier-ignore
  t.equal(recordOf(path), 'first');
  restore();
  folder.keep();
  t.equal(recordOf(path), 'second');
  t.same(beside(path), ['set']);
  t.end();
});

t.test('what a killed import left is cleared away; what it was replacing is put back', (t) => {
  const path = imported(t);
  const { pid } = spawnSync('true');
  const mark = `${path}.${hostname().replaceAll(/[^\w.-]/g, '_')}-${String(pid)}-0123abcd.tmp`;
  fs.renameSync(path, `${mark}.former`);
  fs.mkdirSync(mark);
  t.throws(() => new OutputFolder(path, false), { code: 'DATA_OUTPUT_EXISTS' });
  t.same(beside(path), ['set']);
  t.equal(recordOf(path), 'first');
  // Killed after the new one was put in its place.
  fs.mkdirSync(`${mark}.former`);
  const folder = new OutputFolder(path, true);
  folder.discard();
  t.same(beside(path), ['set']);
  t.equal(recordOf(path), 'first');
  t.end();
});
