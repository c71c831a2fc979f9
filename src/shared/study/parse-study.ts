import { configError } from '../config/faults.js';
import { zodFaults } from '../config/zod-faults.js';
import { STUDY_SHAPE, studySchema, type StudyFile } from './study-schema.js';

const INNER: Readonly<Record<string, readonly string[]>> = {
  budget: ['runs', 'epochs'],
  halving: ['eta', 'minEpochs', 'maxEpochs'],
  space: ['from', 'to', 'scale', 'points'],
};

/** Checks what a study says by itself. @throws LockstepError CONFIG_INVALID with every fault */
export function parseStudy(value: unknown): StudyFile {
  const parsed = studySchema.safeParse(value, { reportInput: true });
  if (parsed.success) return parsed.data;
  throw configError(
    zodFaults(parsed.error, 'study', (path) =>
      path.length === 0 ? Object.keys(STUDY_SHAPE) : (INNER[String(path[0])] ?? []),
    ),
  );
}
