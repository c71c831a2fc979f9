import { isExact } from '../shared/config/exactness.js';
import { firstLineage } from '../shared/protocol/lineage.js';
import type { MemberId } from '../shared/protocol/names.js';
import { SET_INDEX } from '../shared/protocol/evaluated-sets.js';
import { runSchedule } from '../shared/protocol/run-schedule.js';
import type { Welcome } from '../shared/wire/session.js';
import { Member, type MemberOptions } from '../worker/member.js';
import { RowExchange } from '../worker/rows/row-exchange.js';
import type { PreparedRun } from './prepare-run.js';

export interface Life extends Pick<
  MemberOptions,
  'trainer' | 'post' | 'onStep' | 'onWarning' | 'tracer'
> {
  readonly id: MemberId;
  /** Name of the worker, the same in all its lives. */
  readonly worker: string;
  /** Whether the trainer holds the initial weights. */
  readonly isFirst: boolean;
  /** The plain ones. */
  readonly kernels: WebAssembly.Module;
}

/** A life of a worker in the run that it was welcomed to: begins at once. */
export function beginLife(welcome: Welcome, run: PreparedRun, life: Life): Member {
  const { id, worker, isFirst, kernels, trainer, post, onStep, onWarning, tracer } = life;
  const schedule = runSchedule(run.config, run.data);
  return new Member({
    config: {
      run: welcome.run,
      id,
      worker,
      identity: run.identity,
      origin: isFirst
        ? {
            applied: 0,
            lineage: firstLineage(welcome.run),
            standing: schedule.controls?.first ?? null,
          }
        : null,
      segments: welcome.segments,
      exact: isExact(run.config),
      times: welcome,
    },
    schedule,
    trainer,
    setIndex: SET_INDEX,
    post,
    rows: new RowExchange(trainer, run.layout, welcome.segments, kernels, run.config.wire),
    heartbeatMillis: welcome.heartbeatMillis,
    onStep,
    onWarning,
    ...(tracer !== undefined && { tracer }),
  });
}
