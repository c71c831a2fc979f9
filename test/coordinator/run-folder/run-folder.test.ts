import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { readRunConfig, RunFolder } from '#src/coordinator/run-folder/run-folder.js';
import { resolveConfig } from '#src/shared/config/resolve.js';
import type { ResolvedConfig } from '#src/shared/config/schema.js';

const environment = { processors: 2, now: new Date(2026, 0, 2, 3, 4, 5), cwd: '/' };
const configFor = (out: string): ResolvedConfig => resolveConfig({ out, seed: 5 }, environment);

function listener() {
  const notices: string[] = [];
  return { notices, notice: (text: string) => void notices.push(text) };
}

t.test('a new run folder holds the complete configuration', async (t) => {
  const out = join(t.testdir(), 'deep', 'run');
  const folder = await RunFolder.create(configFor(out), false, listener());
  t.same(JSON.parse(await readFile(join(out, 'config.json'), 'utf8')), configFor(out));
  t.same(resolveConfig(await readRunConfig(out), environment), configFor(out));
  await folder.close();
});

t.test('a folder that holds something is refused, and left as it is', async (t) => {
  const out = t.testdir({ 'thesis.tex': 'mine' });
  await t.rejects(RunFolder.create(configFor(out), false, listener()), {
    code: 'RUN_FOLDER_TAKEN',
    message: /is not empty: it holds thesis\.tex/,
  });
  t.equal(await readFile(join(out, 'thesis.tex'), 'utf8'), 'mine');
});

t.test('a folder that holds a run points to --resume', async (t) => {
  const out = join(t.testdir(), 'run');
  await (await RunFolder.create(configFor(out), false, listener())).close();
  await t.rejects(RunFolder.create(configFor(out), false, listener()), {
    code: 'RUN_FOLDER_TAKEN',
    hint: `Go on with it by --resume ${out}, or choose another folder with --out.`,
  });
});

t.test('two runs that begin in the same second get folders of their own', async (t) => {
  const out = join(t.testdir(), 'run');
  const folders = await Promise.all(
    [1, 2, 3].map(() => RunFolder.create(configFor(out), true, listener())),
  );
  t.same(folders.map(({ path }) => path).sort(), [out, `${out}-2`, `${out}-3`]);
  for (const folder of folders) {
    t.equal(folder.config.out, folder.path);
    await folder.close();
  }
});

t.test('a run is opened by one process at a time', async (t) => {
  const out = join(t.testdir(), 'run');
  const first = await RunFolder.create(configFor(out), false, listener());
  await t.rejects(RunFolder.reopen(configFor(out), listener()), {
    code: 'RUN_FOLDER_LOCKED',
    message: new RegExp(`in use by process ${String(process.pid)} on ${hostname()} since 2`),
  });
  await first.close();
  const { notices, notice } = listener();
  await (await RunFolder.reopen(configFor(out), { notice })).close();
  t.same(notices, []);
});

t.test('the lock of a killed process is taken over with a notice', async (t) => {
  const out = join(t.testdir(), 'run');
  const child = fileURLToPath(new URL('./lock-and-wait.js', import.meta.url));
  const holder = spawn(process.execPath, [child, out], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(holder.stdout, 'data');
  await t.rejects(RunFolder.reopen(configFor(out), listener()), { code: 'RUN_FOLDER_LOCKED' });
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  const { notices, notice } = listener();
  const folder = await RunFolder.reopen(configFor(out), { notice });
  t.match(notices, [new RegExp(`lock from process ${String(holder.pid)} .* gone`)]);
  await t.rejects(RunFolder.reopen(configFor(out), listener()), { code: 'RUN_FOLDER_LOCKED' });
  await folder.close();
});

t.test('of several processes that find a stale lock, one gets it', async (t) => {
  const out = join(t.testdir(), 'run');
  await (await RunFolder.create(configFor(out), false, listener())).close();
  await writeFile(join(out, 'lock'), JSON.stringify(stale()));
  const results = await Promise.allSettled(
    [1, 2, 3, 4, 5].map(() => RunFolder.reopen(configFor(out), listener())),
  );
  t.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
  for (const result of results) {
    if (result.status === 'rejected') t.match(result.reason, { code: 'RUN_FOLDER_LOCKED' });
  }
});

function stale(): object {
  // This process's id with another start: the id was used again.
  return { pid: process.pid, host: hostname(), processStart: 'boot/1', lockedAt: '2026-01-01' };
}

t.test('a lock whose process id was used again is stale', async (t) => {
  const out = join(t.testdir(), 'run');
  await (await RunFolder.create(configFor(out), false, listener())).close();
  await writeFile(join(out, 'lock'), JSON.stringify(stale()));
  const { notices, notice } = listener();
  await (await RunFolder.reopen(configFor(out), { notice })).close();
  t.equal(notices.length, 1);
});

t.test('a lock of another host counts, and the error says what to delete', async (t) => {
  const out = join(t.testdir(), 'run');
  await (await RunFolder.create(configFor(out), false, listener())).close();
  await writeFile(join(out, 'lock'), JSON.stringify({ ...stale(), host: 'elsewhere' }));
  await t.rejects(RunFolder.reopen(configFor(out), listener()), {
    code: 'RUN_FOLDER_LOCKED',
    hint: `If that process is gone, delete ${join(out, 'lock')}.`,
  });
});

t.test('a lock of an earlier life of the same Slurm job is gone, wherever that was', async (t) => {
  const out = join(t.testdir(), 'run');
  await (await RunFolder.create(configFor(out), false, listener())).close();
  const held = (job: object | null): Promise<void> =>
    writeFile(join(out, 'lock'), JSON.stringify({ ...stale(), host: 'elsewhere', job }));
  t.teardown(() => {
    delete process.env['SLURM_JOB_ID'];
    delete process.env['SLURM_RESTART_COUNT'];
  });
  process.env['SLURM_JOB_ID'] = '17';
  process.env['SLURM_RESTART_COUNT'] = '1';
  for (const job of [null, { id: '16', restart: 0 }, { id: '17', restart: 1 }]) {
    await held(job);
    await t.rejects(RunFolder.reopen(configFor(out), listener()), { code: 'RUN_FOLDER_LOCKED' });
  }
  await held({ id: '17', restart: 0 });
  await (await RunFolder.reopen(configFor(out), listener())).close();
});

t.test('a crash before config.json leaves a folder that may be used again', async (t) => {
  const out = t.testdir({ 'config.json.partial': '{', checkpoints: {} });
  await (await RunFolder.create(configFor(out), false, listener())).close();
  t.same(JSON.parse(await readFile(join(out, 'config.json'), 'utf8')), configFor(out));
});

t.test('what is no run cannot be opened', async (t) => {
  const empty = t.testdir();
  await t.rejects(readRunConfig(empty), { code: 'RUN_FOLDER_NOT_A_RUN' });
  await t.rejects(readRunConfig(join(empty, 'missing')), { code: 'RUN_FOLDER_NOT_A_RUN' });
  await writeFile(join(empty, 'config.json'), '{ "seed": ');
  await t.rejects(readRunConfig(empty), { code: 'RUN_FOLDER_NOT_A_RUN', message: /not JSON/ });
});

t.test('a folder without write permission is named', async (t) => {
  const parent = t.testdir();
  await mkdir(join(parent, 'closed'));
  chmodSync(join(parent, 'closed'), 0o555);
  chmodSync(parent, 0o755);
  const isRoot = process.getuid?.() === 0;
  // Root may write everywhere: become somebody else for this test.
  if (isRoot) process.seteuid!(65534);
  try {
    await t.rejects(RunFolder.create(configFor(join(parent, 'closed', 'run')), false, listener()), {
      code: 'RUN_FOLDER_NOT_WRITABLE',
      message: /closed\/run may not be written \(EACCES\)/,
    });
  } finally {
    if (isRoot) process.seteuid!(0);
    chmodSync(join(parent, 'closed'), 0o755);
    await rm(join(parent, 'closed'), { recursive: true });
  }
});

t.test('a path through a file is no folder', async (t) => {
  const parent = t.testdir({ file: '' });
  await t.rejects(RunFolder.create(configFor(join(parent, 'file', 'run')), false, listener()), {
    code: 'RUN_FOLDER_NOT_WRITABLE',
  });
});
