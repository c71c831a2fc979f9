import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { cli, startProcess } from '../support/cli-process.js';
import { realImages, stepsOf, untimedMetrics, writeImages } from '../support/small-runs.js';
import { CheckpointStore } from '#src/coordinator/run-folder/checkpoint-store.js';
import { digestOfBytes } from '#src/coordinator/run-identity.js';
import type { ChildReport } from './child-report.js';

// Whatever befalls a compute thread, the run goes on to the same bits or ends with an error that
// names the thread and the place, in bounded time, and the process ends by itself.
t.setTimeout(600_000);

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
const folder = t.testdir();
const env = { ...process.env, LOCKSTEP_CACHE: join(folder, 'cache') };
const data = await writeImages(join(folder, 'data'), await realImages(200, 60));

/** Three steps an epoch: 6 micro-batches, 6, and 1; 4 in the evaluation of the test set. */
const RUN = { data, epochs: 2, batchSize: 96, microBatch: 16, threads: 3, stallSeconds: 3 };
const BOUND_SECONDS = 90;

interface Fault {
  readonly fault: 'throw' | 'exit' | 'loop' | 'never' | 'memory' | 'addon';
  readonly phase: 'start' | 'compute' | 'combine' | 'apply' | 'evaluate';
  /** Of steps from 0; in `evaluate`, steps done. */
  readonly step?: number;
  readonly microBatch?: number;
  readonly thread?: number;
  /** In compute: how often the thread has met its team in the micro-batch before. */
  readonly call?: number;
  /** In combine and apply: how often the thread was in the phase before; combine: the probe's too. */
  readonly entry?: number;
  readonly times?: number;
  readonly addon?: string;
}

let runs = 0;

async function train(
  input: object,
  fault: Fault | null = null,
  flags: readonly string[] = [],
): Promise<ChildReport & { readonly status: number | null }> {
  const given = fault && { times: 1, marker: join(folder, `marker-${String(runs)}`), ...fault };
  const query = new URLSearchParams(
    Object.entries(given ?? {}).map(([name, value]) => [name, String(value)]),
  );
  const hook = `${new URL('./hooks/fault-hook.js', import.meta.url).href}?${query.toString()}`;
  const whole = JSON.stringify({ ...input, ...(fault && { threadHook: hook }) });
  const args = [...flags, here('./train-child.js'), whole];
  const { child, ended } = startProcess(process.execPath, args, { env });
  const timer = setTimeout(() => child.kill('SIGKILL'), 1000 * BOUND_SECONDS);
  const { status, signal, stdout, stderr } = await ended;
  clearTimeout(timer);
  if (signal !== null) throw new Error(`the run did not end in ${String(BOUND_SECONDS)} s`);
  if (stdout === '') throw new Error(stderr);
  return { ...(JSON.parse(stdout) as ChildReport), status };
}

const nextFolder = (): string => join(folder, `run-${String(++runs)}`);

const { summary: undisturbed } = await train({ ...RUN, out: nextFolder() });
const expected = { ...undisturbed!, metrics: untimedMetrics(undisturbed!.run) };

function checkWhole(t: Test, { summary, error }: ChildReport): void {
  t.equal(error, null);
  t.equal(summary?.weightsDigest, expected.weightsDigest, 'the undisturbed digest');
  t.equal(summary?.testLoss, expected.testLoss);
  t.strictSame(untimedMetrics(summary!.run), expected.metrics);
}

function checkError(t: Test, { error, status }: Ended, fault: Fault, kind: string): void {
  const { phase, thread = 0, microBatch = 0, step = 0 } = fault;
  const seenStep = phase === 'evaluate' ? step : step + 1;
  const place = `in phase ${phase}, step ${String(seenStep)}, micro-batch ${String(microBatch)}: `;
  t.equal(error?.code, 'THREAD_FAULT');
  t.equal(status, 1);
  t.match(error?.message, `Compute thread ${String(thread)} failed (${kind}) ${place}`);
  t.match(error?.where, { thread, phase, step: seenStep, microBatch });
}

type Ended = Awaited<ReturnType<typeof train>>;

const FIRST: Fault = { fault: 'throw', phase: 'compute', step: 1, microBatch: 0, thread: 0 };
const LAST: Fault = { fault: 'throw', phase: 'compute', step: 1, microBatch: 5, thread: 2 };
const SHORT: Fault = { fault: 'throw', phase: 'compute', step: 2, microBatch: 0, thread: 0 };
/** The short step has one micro-batch, which the three threads compute as a team. */
const TEAM: Fault = { fault: 'throw', phase: 'compute', step: 2, microBatch: 0, thread: 2 };
const AMID: Fault = { ...SHORT, thread: 1, call: 9 };
const LEADER_AMID: Fault = { ...SHORT, call: 9 };
const TESTED: Fault = { fault: 'throw', phase: 'evaluate', step: 3, microBatch: 0, thread: 0 };
const TESTED_LAST: Fault = { ...TESTED, microBatch: 3, thread: 2 };
const COMBINE: Fault = { fault: 'throw', phase: 'combine', step: 1, entry: 2, thread: 1 };
const titleOf = ({ phase, step = 0, microBatch = 0, thread = 0, call }: Fault): string => {
  const when = phase === 'evaluate' ? `after step ${String(step)}` : `step ${String(step + 1)}`;
  const amid = call === undefined ? '' : ', amid its calls';
  return `${phase}, ${when}, micro-batch ${String(microBatch)}, thread ${String(thread)}${amid}`;
};

for (const place of [FIRST, LAST, SHORT, TEAM, AMID, TESTED, TESTED_LAST]) {
  t.test(
    `An exception ends the run, which goes on from that step: ${titleOf(place)}`,
    async (t) => {
      const out = nextFolder();
      const ended = await train({ ...RUN, out }, place);
      checkError(t, ended, place, 'exception');
      t.match(ended.error?.message, 'a planted exception');
      await checkResumed(t, ended, out, place.step!);
    },
  );
}

/** Nothing is lost: the folder holds the state before the step that failed. */
async function checkResumed(t: Test, ended: Ended, out: string, applied: number): Promise<void> {
  t.ok(ended.notices.includes(`The state after ${String(applied)} steps is saved.`));
  t.strictSame(
    stepsOf(out),
    Array.from({ length: applied }, (_, i) => i + 1),
  );
  const resumed = await train({ resume: out, threads: 2 });
  t.ok(
    resumed.notices.some((text) => text.startsWith(`Going on after step ${String(applied)},`)),
    resumed.notices.join('\n'),
  );
  checkWhole(t, resumed);
}

const REPAIRED: readonly (readonly [Fault['fault'], string, Fault])[] = [
  ['exit', 'death', FIRST],
  ['exit', 'death', LAST],
  ['exit', 'death', SHORT],
  ['exit', 'death', TEAM],
  ['loop', 'stall', TEAM],
  ['exit', 'death', AMID],
  ['exit', 'death', LEADER_AMID],
  ['loop', 'stall', AMID],
  ['exit', 'death', TESTED],
  ['exit', 'death', TESTED_LAST],
  ['exit', 'death', COMBINE],
  ['loop', 'stall', LAST],
  ['loop', 'stall', TESTED],
  ['never', 'stall', FIRST],
];

for (const [fault, kind, place] of REPAIRED) {
  t.test(`A thread is replaced, the step done again: ${fault} in ${titleOf(place)}`, async (t) => {
    const ended = await train({ ...RUN, out: nextFolder() }, { ...place, fault });
    const { phase, thread, microBatch = 0, step = 0 } = place;
    const notice = ended.notices.find((text) => text.includes(`(${kind})`));
    const seenStep = String(phase === 'evaluate' ? step : step + 1);
    t.match(
      notice,
      `Compute thread ${String(thread)} failed (${kind}) in phase ${phase}, step ${seenStep}, micro-batch ${String(microBatch)}: `,
    );
    checkWhole(t, ended);
  });
}

t.test('A thread that runs out of memory is replaced, and the process lives', async (t) => {
  const fault = { ...LAST, fault: 'memory' } as const;
  // Filling the memory may take longer than a stall would.
  const input = { ...RUN, stallSeconds: 60, out: nextFolder() };
  const ended = await train(input, fault, ['--max-old-space-size=96']);
  t.match(ended.notices.join('\n'), /thread 2 failed \(death\) in phase compute, step 2.*memory/);
  checkWhole(t, ended);
});

t.test('A second fault in one step ends the run, which can go on', async (t) => {
  const out = nextFolder();
  const ended = await train({ ...RUN, out }, { ...LAST, fault: 'exit', times: 2 });
  checkError(t, ended, LAST, 'death');
  await checkResumed(t, ended, out, 1);
});

t.test('A fault in an update ends the run: the weights are those of no step', async (t) => {
  for (const [fault, kind] of [
    ['throw', 'exception'],
    ['exit', 'death'],
  ] as const) {
    const out = nextFolder();
    await train({ ...RUN, epochs: 1, out });
    const place: Fault = { fault, phase: 'apply', step: 4, entry: 1, thread: 1 };
    const ended = await train({ resume: out, epochs: 2 }, place);
    checkError(t, ended, place, kind);
    t.notMatch(ended.notices.join('\n'), /is saved/);
    const resumed = await train({ resume: out });
    t.match(resumed.notices.join('\n'), /Going on after step 3,/, 'from a state that was whole');
    checkWhole(t, resumed);
  }
});

t.test('A thread that does not come up is named', async (t) => {
  for (const [fault, kind] of [
    ['throw', 'exception'],
    ['exit', 'death'],
  ] as const) {
    const { error, status } = await train({ ...RUN, out: nextFolder() }, { fault, phase: 'start' });
    t.equal(error?.code, 'THREAD_FAULT');
    t.equal(status, 1);
    t.match(
      error?.message,
      new RegExp(`^Compute thread \\d failed \\(${kind}\\) in phase start, `),
    );
  }
});

/** What -ffast-math links into a program or library, as its start-up code (crtfastmath.c of GCC). */
const FLUSH_TO_ZERO = `
#if defined(__x86_64__)
#include <xmmintrin.h>
static void flush_to_zero(void) { _mm_setcsr(_mm_getcsr() | 0x8040); }
#elif defined(__aarch64__)
static void flush_to_zero(void) {
  unsigned long fpcr;
  __asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
  __asm__ volatile("msr fpcr, %0" : : "r"(fpcr | 1ul << 24));
}
#endif
__attribute__((constructor)) static void on_load(void) { flush_to_zero(); }
`;

const compiler = await firstThatRuns(['cc', 'gcc', 'clang']);
const without = compiler === null && 'no C compiler here';
t.test(
  'An add-on that sets flush-to-zero is refused before a weight',
  { skip: without },
  async (t) => {
    const addon = join(folder, 'flush-to-zero.node');
    const source = join(folder, 'flush-to-zero.c');
    await writeFile(source, FLUSH_TO_ZERO);
    await promisify(execFile)(compiler!, ['-O2', '-fPIC', '-shared', '-o', addon, source]);
    for (const place of [LAST, TESTED_LAST]) {
      const out = nextFolder();
      const ended = await train({ ...RUN, out }, { ...place, fault: 'addon', addon });
      checkError(t, ended, place, 'refusal');
      t.match(ended.error?.message, 'flush-to-zero is set in this thread');
      await checkResumed(t, ended, out, place.step!);
    }
  },
);

async function firstThatRuns(programs: readonly string[]): Promise<string | null> {
  for (const program of programs) {
    try {
      await promisify(execFile)(program, ['--version']);
      return program;
    } catch {
      // The next one.
    }
  }
  return null;
}

t.test('A gradient that is not finite ends the run before it reaches a weight', async (t) => {
  const common = ['train', '--model', 'mlp', '--data', data, '--batch-size', '64'];
  const flags = [...common, '--learning-rate', '1e30', '--threads', '2'];
  const out = nextFolder();
  const { status, stderr } = await cli([...flags, '--epochs', '2', '--out', out], { env });
  t.equal(status, 1);
  t.match(
    stderr,
    /STEP_NOT_FINITE: Step 2: (the loss|the gradient of \d+:dense.*, element \d+) is not finite\. No weight was changed/,
  );
  const single = nextFolder();
  await cli([...flags, '--steps', '1', '--out', single], { env });
  const [failed, one] = await Promise.all(
    [out, single].map(async (run) => {
      const store = new CheckpointStore(join(run, 'checkpoints'), 2);
      const found = await store.newestValid((error) => t.fail(error.message));
      return { step: found?.checkpoint.step, bytes: found!.checkpoint.sections.get('weights')! };
    }),
  );
  t.equal(failed!.step, 1);
  t.equal(digestOfBytes(failed!.bytes), digestOfBytes(one!.bytes), 'the weights after step 1');
  t.strictSame(stepsOf(out), [1]);
});
