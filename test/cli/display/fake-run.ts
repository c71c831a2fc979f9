import { PassThrough } from 'node:stream';
import type {
  EpochRecord,
  RunObserver,
  RunStart,
  RunSummary,
  StepRecord,
} from '#src/shared/run-events.js';

/** The records of a run of two epochs, as a display sees them. */
export const START: RunStart = {
  run: '/runs/20261121-100908-lenet5',
  model: 'lenet5',
  parameters: 1_080_000,
  engine: 'wasm',
  threads: 2,
  steps: 938,
  startStep: 0,
  stepsPerEpoch: 469,
  epochs: 2,
  samples: 60000,
};

export function stepRecord(step: number, loss = 0.5): StepRecord {
  return {
    kind: 'step',
    step,
    epoch: Math.ceil(step / START.stepsPerEpoch),
    samples: 128,
    loss,
    accuracy: 0.75,
    learningRate: 0.001,
    samplesPerSecond: 1280,
    stepSeconds: 0.1,
    computeSeconds: 0.09,
    waitSeconds: 0.005,
    updateSeconds: 0.005,
  };
}

export function epochRecord(epoch: number): EpochRecord {
  return {
    kind: 'epoch',
    step: epoch * START.stepsPerEpoch,
    epoch,
    samples: 60000,
    loss: 0.4349,
    accuracy: 0.8412,
    learningRate: 0.001,
    samplesPerSecond: 1280,
    epochSeconds: 46.9,
    validationLoss: null,
    validationAccuracy: null,
    testLoss: 0.35,
    testAccuracy: 0.9001,
    isBest: false,
    evaluationSeconds: 2,
  };
}

export const SUMMARY: RunSummary = {
  run: START.run,
  model: 'lenet5',
  parameters: START.parameters,
  weightsDigest: 'ab'.repeat(32),
  engine: 'wasm',
  threads: 2,
  steps: 938,
  epochs: 2,
  samplesSeen: 120000,
  mixedEngines: null,
  wire: 'float32',
  stoppedEarly: false,
  best: null,
  weightsOf: 'last',
  samplesPerSecond: 1280,
  trainLoss: 0.3,
  trainAccuracy: 0.91,
  validationLoss: null,
  validationAccuracy: null,
  testLoss: 0.33,
  testAccuracy: 0.9,
  setupSeconds: 1,
  trainingSeconds: 93.8,
  evaluationSeconds: 4,
  totalSeconds: 98.8,
  peakResidentBytes: 3e8,
  versions: { lockstep: '0.1.0' },
};

export function playRun(observer: RunObserver, steps: number = START.steps): void {
  observer.notice('engine wasm: it covers every layer');
  observer.started(START);
  for (let step = 1; step <= steps; step++) {
    observer.step(stepRecord(step));
    if (step % START.stepsPerEpoch === 0) observer.epoch(epochRecord(step / START.stepsPerEpoch));
  }
  if (steps === START.steps) observer.finished(SUMMARY);
}

/** A stream that keeps what is written; a terminal where `columns` is given. */
export class Screen extends PassThrough {
  readonly isTTY: boolean;
  columns: number;
  readonly rows = 24;
  #text = '';

  constructor(columns = 0) {
    super();
    this.isTTY = columns > 0;
    this.columns = columns;
    this.on('data', (chunk: Buffer) => {
      this.#text += chunk.toString('utf8');
    });
  }

  hasColors(env: NodeJS.ProcessEnv = {}): boolean {
    return this.isTTY && env['TERM'] !== 'dumb';
  }

  get text(): string {
    return this.#text;
  }

  /** What stands on a terminal in the end: erased lines and cursor moves are carried out. */
  lines(): string[] {
    const lines = [''];
    let row = 0;
    // eslint-disable-next-line no-control-regex
    for (const token of this.#text.match(/\u001B\[[?\d;]*[A-Za-z]|\n|[^\u001B\n]+/g) ?? []) {
      if (token === '\n') {
        row++;
        lines[row] ??= '';
      } else if (token === '\u001B[2K') lines[row] = '';
      else if (token.endsWith('A')) row -= Number(token.slice(2, -1) || '1');
      else if (!token.startsWith('\u001B')) lines[row] += token;
    }
    return lines;
  }

  asWriteStream(): NodeJS.WriteStream {
    return this as unknown as NodeJS.WriteStream;
  }
}
