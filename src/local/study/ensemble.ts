import { createHash } from 'node:crypto';
import { basename, join, resolve } from 'node:path';
import { writeJsonAtomically } from '../../coordinator/run-folder/atomic-file.js';
import { configError } from '../../shared/config/faults.js';
import { average, vote } from '../../shared/ensemble/combine.js';
import { probabilityScores } from '../../shared/ensemble/probability-scores.js';
import { crossPredictStacking, fitStacking, predictStacking, rowsOf } from '../../shared/ensemble/stacking.js'; // prettier-ignore
import { LockstepError } from '../../shared/errors.js';
import { predictionsOf } from '../../shared/evaluation/predictions.js';
import { setScores } from '../../shared/evaluation/set-scores.js';
import type { RunUseOptions } from '../../shared/run-reports.js';
import { csv } from '../../shared/study/csv.js';
import type { CombinedScore, EnsembleMethod, EnsembleResults } from '../../shared/study/results.js';
import { predictMember, type MemberPredictions } from './ensemble-member.js';
import { readResults, StudyFolder } from './study-folder.js';

export interface EnsembleInput extends Pick<RunUseOptions, 'threads' | 'notice'> {
  /** Run folders, searches (their chosen run) and cross-validations (all their models). */
  readonly members: readonly string[];
  /** If left out, the best one on samples that all members hold back. */
  readonly method?: EnsembleMethod;
  /** What sees the test set: the chosen method alone (if left out), everything, or nothing. */
  readonly test?: 'chosen' | 'all' | 'none';
  /** Folder to write; if left out, studies/ensemble-<digest of its members>. */
  readonly out?: string;
}

const METHODS = ['average', 'vote', 'stacking'] as const;
/** So few samples a class are too few for a meta-learner. */
const SAMPLES_A_CLASS = 10;

/**
 * Combines trained runs: the mean of their probabilities, their majority, or a logistic regression
 * over what they say of samples that none was trained on. Folders of members are not changed.
 * @throws LockstepError ENSEMBLE_MISFIT, STUDY_NOT_FOUND, CONFIG_STUDY_DIFFERS, and what
 *   `evaluateRun` throws
 */
export async function ensemble(input: EnsembleInput): Promise<EnsembleResults> {
  const { test = 'chosen', threads, notice = () => undefined } = input;
  const folders = input.members.map((folder) => resolve(folder));
  refuseFewOrTwice(folders);
  const options = { notice, ...(threads !== undefined && { threads }) };
  const members: MemberPredictions[] = [];
  for (const folder of folders) {
    notice(`Asking ${folder}.`);
    members.push(await predictMember(folder, options));
  }
  refuseOtherData(members);
  const digests = members.map(({ weightsDigests }) => weightsDigests);
  const name = createHash('sha256').update(JSON.stringify(digests)).digest('hex').slice(0, 8);
  const out = resolve(input.out ?? join('studies', `ensemble-${name}`));
  const definition = { kind: 'ensemble', members: folders, digests, method: input.method ?? null, test } as const; // prettier-ignore
  const folder = await StudyFolder.open(out, definition, notice);
  try {
    // Done before: the test set is not looked at again.
    const before = (await readResults(out)) as EnsembleResults | null;
    if (before !== null) return { ...before, folder: out };
    const results = await combine(folder, members, input.method ?? null, test, notice);
    await folder.writeResults(results, csvOf(results));
    return results;
  } finally {
    await folder.close();
  }
}

async function combine(
  folder: StudyFolder,
  members: readonly MemberPredictions[],
  named: EnsembleMethod | null,
  test: NonNullable<EnsembleInput['test']>,
  notice: (text: string) => void,
): Promise<EnsembleResults> {
  const [{ train, test: testSet }] = members as [MemberPredictions];
  const classes = train.classes.length;
  const samples = heldByAll(members);
  const labels = Uint16Array.from(samples, (sample) => train.labels[sample]!);
  const heldOut = members.map((member) => heldRows(member, samples, classes));
  const enough = samples.length >= SAMPLES_A_CLASS * classes;
  refuseTooFew(named, samples.length, enough, classes);
  const judge = (said: Float32Array): CombinedScore => probabilityScores(said, labels, classes);

  if (enough) notice(`Training the meta-learner on ${String(samples.length)} samples, six times.`);
  const scored = METHODS.filter((method) => method !== 'stacking' || enough).map((method) => {
    if (samples.length === 0) return { method, heldOut: null };
    const said = {
      average: () => average(heldOut),
      vote: () => vote(heldOut, classes),
      stacking: () => crossPredictStacking(heldOut, labels, classes),
    }[method]();
    return { method, heldOut: judge(said) };
  });
  const chosen = named ?? bestOf(scored);

  const learner = enough ? fitStacking(heldOut, labels, classes) : null;
  if (learner !== null) {
    const { weights, intercepts, ...sizes } = learner;
    await writeJsonAtomically(join(folder.path, 'meta-learner.json'), {
      ...sizes,
      weights: [...weights],
      intercepts: [...intercepts],
    });
  }
  const onTest = members.map((member) => member.onTest);
  const sayOnTest = (method: EnsembleMethod): Float32Array =>
    method === 'average'
      ? average(onTest)
      : method === 'vote'
        ? vote(onTest, classes)
        : predictStacking(learner!, onTest);
  const judgeOnTest = (said: Float32Array): CombinedScore =>
    probabilityScores(said, testSet.labels, classes);
  const seen = (method: EnsembleMethod): boolean =>
    test === 'all' || (test === 'chosen' && method === chosen);
  const names = shortNames(members.map((member) => member.folder));
  const said = test === 'none' ? null : sayOnTest(chosen);
  return {
    kind: 'ensemble',
    folder: folder.path,
    members: members.map((member, i) => ({
      name: names[i]!,
      folder: member.folder,
      models: member.weightsDigests.length,
      weightsDigests: member.weightsDigests,
      parameters: member.parameters,
      heldOut: samples.length === 0 ? null : judge(heldOut[i]!),
      test: test === 'all' ? judgeOnTest(member.onTest) : null,
    })),
    heldOutSamples: samples.length,
    methods: scored.map((each) => ({
      ...each,
      test: seen(each.method) ? judgeOnTest(sayOnTest(each.method)) : null,
    })),
    chosen,
    scores:
      said === null
        ? null
        : {
            samples: testSet.count,
            ...judgeOnTest(said),
            ...setScores(predictionsOf(said, testSet.labels, classes), testSet.classes),
          },
  };
}

/** The most accurate on held-out samples, of equals the first; the mean where there are none. */
function bestOf(
  scored: readonly { readonly method: EnsembleMethod; readonly heldOut: CombinedScore | null }[],
): EnsembleMethod {
  const accuracy = ({ heldOut }: (typeof scored)[number]): number => heldOut?.accuracy ?? 0;
  return scored.reduce((best, each) => (accuracy(each) > accuracy(best) ? each : best)).method;
}

/** The training samples that every member holds back, rising. */
function heldByAll(members: readonly MemberPredictions[]): Uint32Array {
  const [first, ...others] = members as [MemberPredictions, ...MemberPredictions[]];
  const sets = others.map(({ samples }) => new Set(samples));
  return first.samples.filter((sample) => sets.every((set) => set.has(sample)));
}

function heldRows(member: MemberPredictions, samples: Uint32Array, classes: number): Float32Array {
  const places = new Map(Array.from(member.samples, (sample, i) => [sample, i]));
  return rowsOf(
    member.heldOut,
    Array.from(samples, (sample) => places.get(sample)!),
    classes,
  );
}

function refuseFewOrTwice(folders: readonly string[]): void {
  const twice = folders.find((folder, i) => folders.indexOf(folder) !== i);
  if (twice !== undefined)
    throw configError([{ path: 'members', message: `${twice} is named twice` }]);
  if (folders.length >= 2) return;
  throw configError([{ path: 'members', message: `expected two at least, got ${String(folders.length)}` }]); // prettier-ignore
}

function refuseOtherData(members: readonly MemberPredictions[]): void {
  const [first] = members as [MemberPredictions];
  const other = members.find(({ data }) => data !== first.data);
  if (other === undefined) return;
  throw new LockstepError(
    'ENSEMBLE_MISFIT',
    `${first.folder} and ${other.folder} were trained on different data sets.`,
    { hint: 'Members of an ensemble answer the same question: name runs on one data set.' },
  );
}

function refuseTooFew(
  named: EnsembleMethod | null,
  samples: number,
  enough: boolean,
  classes: number,
): void {
  if (enough || (named !== 'stacking' && (named !== null || samples > 0))) return;
  const least = named === 'stacking' ? SAMPLES_A_CLASS * classes : 1;
  throw new LockstepError(
    'ENSEMBLE_MISFIT',
    `The members hold ${String(samples)} samples back in common; ${named ?? 'the choice of a method'} needs ${String(least)}.`,
    {
      hint: 'Train them with the same validation and splitSeed, or name the method average or vote.',
    },
  );
}

/** Names of folders; where two are called the same, whole paths. */
function shortNames(folders: readonly string[]): readonly string[] {
  const short = folders.map((folder) => basename(folder));
  return new Set(short).size === short.length ? short : folders;
}

function csvOf({ members, methods, chosen }: EnsembleResults): string {
  const scores = (heldOut: CombinedScore | null, test: CombinedScore | null) =>
    [heldOut?.accuracy, heldOut?.loss, test?.accuracy, test?.loss].map((value) => value ?? null);
  return csv([
    ['what', 'name', 'heldOutAccuracy', 'heldOutLoss', 'testAccuracy', 'testLoss', 'chosen'],
    ...members.map(({ name, heldOut, test }) => ['member', name, ...scores(heldOut, test), null]),
    ...methods.map(({ method, heldOut, test }) => ['method', method, ...scores(heldOut, test), method === chosen ? 'yes' : null]), // prettier-ignore
  ]);
}
