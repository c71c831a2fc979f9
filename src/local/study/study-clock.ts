import type { Job, Outcomes, StudyPlan } from '../../shared/study/job.js';
import type { RunMessage, StudyProgress } from '../../shared/study/study-events.js';

interface Track {
  readonly work: number;
  /** Work of the job that was left when this process took it up, and that is left now. */
  from: number;
  left: number;
  steps: number;
}

/**
 * How far a study is, and how long it will take: by the work that its runs did in this process in
 * the time that has passed, whatever they did side by side.
 */
export class StudyClock {
  readonly #total: number;
  readonly #now: () => number;
  readonly #began: number;
  readonly #tracks = new Map<string, Track>();
  /** Work of jobs that have ended, and what of it was done here. */
  #ended: number;
  #endedHere = 0;

  constructor(
    plan: StudyPlan,
    outcomes: Outcomes,
    now: () => number = () => performance.now() / 1000,
  ) {
    this.#total = plan.work;
    this.#now = now;
    this.#began = now();
    this.#ended = plan
      .jobs(outcomes)
      .reduce((sum, { id, work }) => sum + (outcomes.has(id) ? work : 0), 0);
  }

  begin({ id, work }: Job): void {
    this.#tracks.set(id, { work, from: work, left: work, steps: 0 });
  }

  hear(job: Job, message: RunMessage): void {
    const track = this.#tracks.get(job.id);
    if (track === undefined) return;
    if (message.kind === 'started') {
      const { startStep, steps } = message.start;
      track.steps = steps;
      track.from = track.left = workLeft(job, startStep, steps);
    } else if (message.kind === 'step') {
      track.left = workLeft(job, message.record.step, track.steps);
    }
  }

  end({ id, work }: Job): void {
    const track = this.#tracks.get(id);
    this.#tracks.delete(id);
    this.#ended += work;
    this.#endedHere += track?.from ?? 0;
  }

  progress(running: number): StudyProgress {
    let done = this.#ended;
    let here = this.#endedHere;
    for (const { work, from, left } of this.#tracks.values()) {
      done += work - left;
      here += from - left;
    }
    const left = Math.max(0, this.#total - done);
    const seconds = this.#now() - this.#began;
    return {
      share: this.#total > 0 ? Math.min(1, done / this.#total) : 1,
      running,
      secondsLeft: here > 0 ? (left * seconds) / here : null,
    };
  }
}

/** Of a job's work; a run that goes on from an earlier rung has done the rest before. */
function workLeft({ config, work }: Job, step: number, steps: number): number {
  if (steps === 0) return work;
  const whole = typeof config.epochs === 'number' ? config.epochs : work;
  return Math.min(work, (whole * (steps - step)) / steps);
}
