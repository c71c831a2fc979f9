import { floatOfBits } from '../../shared/numerics/float-bits.js';
import { EMPTY_TALLY, type Control, type StepRecord } from '../../shared/protocol/control.js';
import { nextLineage } from '../../shared/protocol/lineage.js';
import type { Failure } from '../../shared/protocol/messages.js';
import { currentWork, fail, gotOn, withWork, type Context, type Part } from './context.js';
import { namedLineage } from './naming.js';
import { rootPieces, settleEarly } from './pieces.js';
import type { Gradient, Kept, MemberState } from './state.js';

/** Lineage links and metric records that a worker keeps in any case. */
const KEPT_RECORDS = 64;

/** All segments of G(t) are here: has it digested. */
export const assembleIfDue: Part = (state, context) => {
  const work = currentWork(state);
  if (work === null || state.position === null || work.assembling || work.gradient !== null) {
    return state;
  }
  if (work.step >= context.schedule.steps) return state;
  const count = context.schedule.step(work.step).microBatches;
  const roots = rootPieces(work, count, state.config.segments);
  if (roots.includes(undefined)) return state;
  context.emit({
    kind: 'assemble',
    step: work.step,
    lineage: namedLineage(state),
    payloads: roots.map((held) => held?.payload),
  });
  return withWork(state, { ...work, assembling: true });
};

/**
 * G(t) is whole. Before any weight changes: did every sample count exactly once, is every value
 * finite?
 */
export function acceptGradient(
  state: MemberState,
  context: Context,
  gradient: Gradient,
): MemberState {
  const work = currentWork(state);
  if (work === null) return state;
  const { step } = work;
  const plan = context.schedule.step(step);
  const tally = rootPieces(work, plan.microBatches, 1)[0]?.tally ?? EMPTY_TALLY;
  if (tally.samples !== plan.samples || tally.hash !== plan.hash) {
    return fail(state, {
      code: 'PROTOCOL_PROOF',
      message:
        `Step ${step + 1} sums up ${tally.samples} samples with hash ${tally.hash.toString(16)}, ` +
        `the epoch plan has ${plan.samples} with ${plan.hash.toString(16)}.`,
      hint: 'No weight was changed by it. Resume from the last checkpoint, and report this.',
      where: { step: step + 1, phase: 'reduce' },
    });
  }
  if (gradient.nonFinite !== null) {
    return fail(state, {
      code: 'STEP_NOT_FINITE',
      message: `Step ${step + 1}: ${gradient.nonFinite} is not finite. No weight was changed by it.`,
      hint: 'Lower the learning rate, or look at the samples of this step.',
      where: { step: step + 1, phase: 'backward' },
    });
  }
  return gotOn(withWork(state, { ...work, gradient }));
}

/** Takes the optimizer's step, where the grant allows it, and begins the next one. */
export const applyIfGranted: Part = (state, context) => {
  const { orders, position } = state;
  const work = currentWork(state);
  const gradient = work?.gradient ?? null;
  if (orders?.phase !== 'run' || position === null || work === null || gradient === null) {
    return state;
  }
  const step = position.applied;
  const control = orders.controls.find((candidate) => candidate.step === step);
  if (step + 1 > orders.upTo || control === undefined) return state;
  const { controls } = context.schedule;
  const decided =
    position.standing && controls!.afterEvaluation(position.standing, step, control.evaluation);
  if (context.schedule.learningRateBits(step, decided) !== control.learningRateBits) {
    return fail(state, otherRate(state, control));
  }
  const plan = context.schedule.step(step);
  const roots = rootPieces(work, plan.microBatches, state.config.segments);
  const tally = roots[0]?.tally ?? EMPTY_TALLY;
  const after = nextLineage(position.lineage, control, gradient.digest);
  const { digest, lossBits } = gradient;
  const before = position.lineage;
  const record: StepRecord = { step, before, after, control, digest, lossBits, tally };
  const segments = roots.map((held) => ({ checksum: held?.checksum ?? 0, payload: held?.payload }));
  const payloads = segments.map(({ payload }) => payload);
  const isBest = decided?.best?.step === step;
  context.emit({ kind: 'apply', step, payloads, samples: plan.samples, control, record, isBest });
  const standing = decided && controls!.afterStep(decided, record);
  const root = { first: 0, end: plan.microBatches };
  const kept = new Map(state.kept);
  kept.set(step, { step, lineage: before, root, tally, segments } satisfies Kept);
  const works = new Map(state.works);
  works.delete(step);
  return gotOn(
    settleEarly(
      {
        ...state,
        position: { applied: step + 1, lineage: after, standing },
        records: [...state.records, record].slice(-KEPT_RECORDS),
        kept,
        works,
      },
      context,
    ),
  );
};

/** Coordinator and worker decide by the same pure function: one of them is another version, or broken. */
function otherRate(state: MemberState, { step, learningRateBits }: Control): Failure {
  const { worker } = state.config;
  return {
    code: 'PROTOCOL_DIVERGED',
    message: `Step ${step + 1}: the coordinator gives the learning rate ${floatOfBits(learningRateBits)}; by ${worker}'s account it is another.`,
    hint: 'No weight was changed by it. Run the same version of Lockstep on all machines, and report this.',
    where: { step: step + 1, worker },
  };
}

/** Lets go of the gradients that nobody can need. */
export const releaseIfStable: Part = (state, context) => {
  const { orders } = state;
  if (orders?.phase !== 'run') return state;
  const kept = new Map([...state.kept].filter(([step]) => !context.rules.releasable(step, orders)));
  if (kept.size === state.kept.size) return state;
  const below = Math.max(...state.kept.keys()) + 1;
  const oldest = kept.size === 0 ? below : Math.min(...kept.keys());
  context.emit({ kind: 'release', step: oldest });
  return { ...state, kept };
};
