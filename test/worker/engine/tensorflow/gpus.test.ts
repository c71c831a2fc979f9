import { join } from 'node:path';
import t from 'tap';
import { gpusFault, GPUS_PATTERN, gpuWishOf, type GpuWish } from '#src/shared/config/gpus.js';
import {
  chooseGpus,
  hardwareIdentity,
  hardwareOf,
  visibleGpus,
} from '#src/worker/engine/tensorflow/gpu/choose.js';
import { listGpus, parseListing } from '#src/worker/engine/tensorflow/gpu/listing.js';
import { describeGpus, gpusFor, offeredGpus } from '#src/worker/engine/tensorflow/gpu/offer.js';
import {
  configProto,
  deviceName,
  setLibraryEnvironment,
} from '#src/worker/engine/tensorflow/library-environment.js';
import { listingOf, withDriver, type FakeGpu } from '../../../support/fake-driver.js';

const TWO = parseListing(listingOf([{}, {}]));
const numbers = (chosen: ReturnType<typeof chooseGpus>) =>
  'reason' in chosen ? chosen.reason : chosen.map(({ index }) => index);
const chosen = (gpus: readonly FakeGpu[], wish: Exclude<GpuWish, 'none'>, visible?: string) =>
  numbers(
    chooseGpus(
      parseListing(listingOf(gpus)),
      wish,
      visible === undefined ? {} : { CUDA_VISIBLE_DEVICES: visible },
    ),
  );

void t.test('a listing gives number, name, memory, capability and driver of each GPU', (t) => {
  t.strictSame(TWO, {
    gpus: [0, 1].map((index) => ({
      ...{ index, uuid: `GPU-${index}${index}aa`, name: 'NVIDIA A100-SXM4-80GB' },
      ...{ memoryMebibytes: 81920, computeCapability: '8.0', isVirtual: false },
    })),
    ...{ driver: '550.54.15', fault: null },
  });
  const warned = `Warning: infoROM is corrupted, at all, of, one, two, three\n${listingOf([{}])}`;
  t.equal(parseListing(warned).gpus.length, 1);
  t.match(parseListing('No devices were found\n'), {
    gpus: [],
    fault: 'nvidia-smi lists no GPU: No devices were found',
  });
  t.end();
});

void t.test('the driver is asked by nvidia-smi; absence and failure are told apart', async (t) => {
  const folder = t.testdir();
  const there = withDriver(join(folder, 'there'), listingOf([{}, {}]));
  t.strictSame(await listGpus(there), TWO);
  t.strictSame(await listGpus({ PATH: folder }), { gpus: [], driver: null, fault: null });
  const words = "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.\n";
  const broken = withDriver(join(folder, 'broken'), words, 9);
  t.match(await listGpus(broken), {
    gpus: [],
    fault: `nvidia-smi ended with status 9: ${words.trim()}`,
  });
  t.equal((await listGpus({ ...there, LOCKSTEP_VIRTUAL_GPUS: '3' })).gpus.length, 3);
  t.equal((await listGpus({ ...there, LOCKSTEP_VIRTUAL_GPUS: '0' })).gpus.length, 2);
});

void t.test('all GPUs are taken that can be used, or those that are named', (t) => {
  t.strictSame(chosen([{}, {}, {}], null), [0, 1, 2]);
  t.strictSame(chosen([{}, {}, {}], 'all'), [0, 1, 2]);
  t.strictSame(chosen([{}, {}, {}], [2, 0]), [0, 2]);
  t.equal(chosen([{}, {}], [0, 5]), 'there is no GPU 5: nvidia-smi lists GPUs 0 and 1');
  const old = { name: 'Quadro M4000', capability: '5.2' };
  t.strictSame(chosen([old, {}], 'all'), [1]);
  t.match(chosen([old], null), /GPU 0 \(Quadro M4000\) has compute capability 5\.2/);
  t.match(chosen([old, {}], [0]), /GPU 0 \(Quadro M4000\) has compute capability 5\.2/);
  t.end();
});

void t.test('CUDA_VISIBLE_DEVICES hides GPUs, as it does from CUDA', (t) => {
  const shown = (variable?: string) =>
    visibleGpus(parseListing(listingOf([{}, {}, {}])).gpus, variable).map(({ index }) => index);
  t.strictSame(shown(), [0, 1, 2]);
  t.strictSame(shown('2,0'), [0, 2]);
  t.strictSame(shown('GPU-11'), [1]);
  t.strictSame(shown('0,7,1'), [0], 'the first that is none ends the list');
  t.strictSame(shown(''), []);
  t.strictSame(shown('-1'), []);
  t.equal(chosen([{}, {}], [0], '1'), 'CUDA_VISIBLE_DEVICES hides GPU 0');
  t.match(chosen([{}, {}], null, ''), /hides all GPUs: nvidia-smi lists GPUs 0 and 1/);
  t.end();
});

void t.test('one worker computes on GPUs of one kind', (t) => {
  const other = { name: 'NVIDIA H100 80GB HBM3', capability: '9.0' };
  const listing = parseListing(listingOf([{}, other, {}]));
  const refused = chooseGpus(listing, null, {});
  t.match(refused, { reason: /GPU 0 is NVIDIA A100.*GPU 1 NVIDIA H100/, remedy: /--gpus 0,2$/ });
  t.strictSame(chosen([{}, other, {}], [0, 2]), [0, 2]);
  t.equal(hardwareOf(listing.gpus[1]!), 'NVIDIA H100 80GB HBM3 (compute capability 9.0)');
  t.equal(
    hardwareIdentity(listing.gpus[0]!, { version: '12.5.1', cudnn: '9.3.0', libraries: [] }),
    'NVIDIA A100-SXM4-80GB (compute capability 8.0), CUDA 12.5.1, cuDNN 9.3.0',
  );
  t.end();
});

void t.test('no driver, one that fails and one that is too old have their own words', (t) => {
  const reason = (listing: ReturnType<typeof parseListing>) =>
    numbers(chooseGpus(listing, 'all', {}));
  const absent = { gpus: [], driver: null, fault: null };
  t.equal(reason(absent), 'there is no driver for GPUs: nvidia-smi is not here');
  t.match(reason(parseListing('No devices were found')), /does not work: nvidia-smi lists no GPU/);
  t.match(reason(parseListing(listingOf([{}], '470.256.02'))), /driver 470\.256\.02 is too old/);
  t.match(reason(parseListing(listingOf([{}], '525.60.11'))), /too old/);
  for (const driver of ['525.60.13', '525.85', '580.1']) {
    t.strictSame(reason(parseListing(listingOf([{}], driver))), [0], driver);
  }
  t.end();
});

void t.test('GPUs without CUDA in the engine come with the command that mends it', async (t) => {
  const folder = t.testdir({ cache: {} });
  const env = {
    ...withDriver(join(folder, 'bin'), listingOf([{}, {}])),
    LOCKSTEP_CACHE: join(folder, 'cache'),
  };
  t.match(await offeredGpus(null, false, env), {
    reason: /^GPUs 0 and 1 \(NVIDIA A100-SXM4-80GB\) can be used, and the engine is not installed/,
    remedy: 'To install it so: lockstep engine install tensorflow --gpu',
    isThere: true,
  });
  const silent = { gpus: [], notices: [] };
  t.match(await gpusFor(null, false, env), {
    gpus: [],
    notices: [
      /^Gradients are computed on processors, not on GPUs: .* is not installed with CUDA\. To install it so: lockstep engine install tensorflow --gpu\./,
    ],
  });
  t.same(await gpusFor('none', false, env), silent);
  await t.rejects(gpusFor('all', false, env), { code: 'ENGINE_GPUS' });
  const told = await describeGpus(env);
  t.match(told?.detail, 'GPU 1: NVIDIA A100-SXM4-80GB, 80 GiB, compute capability 8.0');
  t.match(told?.detail, 'driver 550.54.15');
  t.match(told?.remedy, 'lockstep engine install tensorflow --gpu');
  const none = { PATH: folder, LOCKSTEP_CACHE: env.LOCKSTEP_CACHE };
  t.equal(await describeGpus(none), null);
  t.match(await offeredGpus(null, false, none), { isThere: false });
  t.same(await gpusFor(null, false, none), silent, 'where there is no GPU');
});

void t.test('determinism is on and TF32 off, before the library is loaded', (t) => {
  const env: NodeJS.ProcessEnv = {};
  setLibraryEnvironment(env, { gpus: TWO.gpus, fastMath: false });
  t.match(env, {
    TF_DETERMINISTIC_OPS: '1',
    TF_CUDNN_DETERMINISTIC: '1',
    TF_CUDNN_USE_AUTOTUNE: '0',
    NVIDIA_TF32_OVERRIDE: '0',
    TF_FORCE_GPU_ALLOW_GROWTH: 'true',
    CUDA_DEVICE_ORDER: 'PCI_BUS_ID',
    CUDA_VISIBLE_DEVICES: 'GPU-00aa,GPU-11aa',
  });
  setLibraryEnvironment(env, { gpus: [], fastMath: true });
  t.equal(env['CUDA_VISIBLE_DEVICES'], '-1', 'no GPU is touched that is not used');
  t.equal(env['NVIDIA_TF32_OVERRIDE'], undefined, 'fast arithmetic may use TF32');
  t.equal(env['TF_DETERMINISTIC_OPS'], '1');
  t.end();
});

void t.test('the ConfigProto has the bytes that TensorFlow reads', async (t) => {
  const hex = (...given: Parameters<typeof configProto>) =>
    Buffer.from(configProto(...given)).toString('hex');
  const alone = '100128ffffffffffffffffff01';
  t.equal(hex([], {}), alone);
  t.equal(hex(TWO.gpus, {}), `${alone}380132022001`);
  const { gpus } = await listGpus({ LOCKSTEP_VIRTUAL_GPUS: '2' });
  t.equal(hex(gpus, {}), `0a070a034350551003${alone}380132022001`);
  t.equal(hex([], { LOCKSTEP_LOG_PLACEMENT: '1' }), `${alone}4001`);
  t.match(deviceName(TWO.gpus, 1), /device:GPU:1$/);
  t.match(deviceName(gpus, 1), /device:CPU:2$/);
});

void t.test('--gpus is all, none or numbers', (t) => {
  for (const text of ['all', 'none', '0', '0,1', '12,3']) t.match(text, GPUS_PATTERN);
  for (const text of ['', '1,', 'ALL', '0 1', '-1', '0,,1']) t.notMatch(text, GPUS_PATTERN);
  t.strictSame(gpuWishOf('2,0'), [2, 0]);
  t.equal(gpusFault('0,1,0'), 'GPU 0 is named twice in "0,1,0"');
  t.equal(gpusFault('0,1'), null);
  t.end();
});
