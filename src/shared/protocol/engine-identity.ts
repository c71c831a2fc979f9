/** What of a run's identity belongs to the engine that computes, and to its hardware. */

type Identity = Readonly<Record<string, string>>;

/** Name of the digest of what an engine has made of the model. */
export const compiledPart = (engine: string): string => `compiled model (engine ${engine})`;

/** Name of the hardware that an engine's bits belong to, where that is more than the processor. */
export const hardwarePart = (engine: string): string => `hardware (engine ${engine})`;

/** Name of the digest of the row that whoever computes has computed on the initial weights. */
export const PROBE_PART = 'probe row';

/** The engine of an identity, and its hardware, for people: `tensorflow on NVIDIA A100 (…)`. */
export function engineOf(identity: Identity): string {
  const compiled = Object.keys(identity).find((name) => name.startsWith('compiled model (engine '));
  const engine = /\(engine (.*)\)$/.exec(compiled ?? '')?.[1] ?? 'unknown';
  const hardware = identity[hardwarePart(engine)];
  return hardware === undefined ? engine : `${engine} on ${hardware}`;
}

/** Whether a part of an identity follows from the engine and its hardware alone. */
export function isOfEngine(name: string): boolean {
  return name === PROBE_PART || /^(compiled model|hardware) \(engine /.test(name);
}
