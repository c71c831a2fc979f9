import { packr, rawFrame } from './raw-frame.js';
import type { TestRandom } from './random.js';

/** Frames that somebody with bad intent, or another program, might send. */
export interface HostileFrame {
  readonly frame: Buffer;
  /** What was done to a valid frame. */
  readonly change: string;
  /** Whether it may be accepted: false where the change breaks a rule for certain. */
  readonly mayPass: boolean;
}

/** A valid frame in its parts. */
export interface Original {
  readonly header: Record<string, unknown>;
  readonly payload: Buffer;
}

type Path = readonly (string | number)[];
interface Change {
  /** The new value in place of `value`; DELETED takes it away, ADDED puts another beside it. */
  readonly to: (value: unknown, random: TestRandom) => unknown;
  readonly mayPass: (path: Path, value: unknown) => boolean;
}

const DELETED = Symbol('deleted');
const ADDED = Symbol('added');
const NAMES = ['x', '', '__proto__', 'constructor', 'toString', 'payload', 'kind ', 'ключ', '\0'];

/** Maps whose keys are free, and what may hold any JSON. */
const isFree = (path: Path): boolean =>
  path
    .slice(0, -1)
    .some((key) => ['config', 'model', 'identity', 'where', 'facts'].includes(String(key)));
const isJson = (path: Path): boolean =>
  path[0] === 'model' || (path[0] === 'config' && isFree(path));
const isAnyNumber = (path: Path): boolean =>
  ['lossSum', 'best', 'value'].includes(String(path.at(-1))) || path.at(-2) === 'where';
const never = (): boolean => false;
const always = (): boolean => true;
const inList = (path: Path): boolean => typeof path.at(-1) === 'number';
const numbersOnly = (path: Path, value: unknown): boolean =>
  isJson(path) || isAnyNumber(path) || (typeof value !== 'number' && typeof value !== 'bigint');

const texts = [
  '\ud800',
  '😀'.repeat(20),
  '\0',
  '\u202etxt',
  '\u001b[2J',
  'ﬀ',
  ' ',
  '../../x',
  '%00',
];
const numbers = [0, -0, 1, 0.5, 255, 65535, 65536, 1e308, 5e-324, 2 ** 31, 2 ** 32, 2 ** 53 - 1];
const bigints = [0n, 1n, 2n ** 63n, 2n ** 64n - 1n, -1n, -(2n ** 63n)];
const strangers = [undefined, new Date(0), Buffer.of(1, 2), new Map([[1, 2]]), /x/, new Set([1])];
const pick = <Item>(list: readonly Item[], random: TestRandom): Item =>
  list[random.below(list.length)]!;

function deep(levels: number, random: TestRandom): unknown {
  let value: unknown = null;
  for (let i = 0; i < levels; i++) value = random.below(2) === 0 ? [value] : { a: value };
  return value;
}

const CHANGES: Readonly<Record<string, Change>> = {
  missing: { to: () => DELETED, mayPass: (p) => isFree(p) || inList(p) },
  extra: { to: () => ADDED, mayPass: (p) => isFree(p) || inList(p) },
  boolean: {
    to: (_, random) => random.below(2) === 0,
    mayPass: (p, v) => isJson(p) || typeof v === 'boolean',
  },
  null: { to: () => null, mayPass: always },
  number: { to: (_, random) => pick(numbers, random), mayPass: always },
  bigint: { to: (_, random) => pick(bigints, random), mayPass: always },
  text: { to: (_, random) => pick(texts, random), mayPass: always },
  stranger: { to: (_, random) => pick(strangers, random), mayPass: always },
  empty: { to: (_, random) => pick<unknown>([[], {}, ''], random), mayPass: always },
  NaN: { to: () => NaN, mayPass: isAnyNumber },
  infinite: { to: (_, random) => pick([Infinity, -Infinity], random), mayPass: isAnyNumber },
  negative: {
    to: (value) => (typeof value === 'bigint' ? -1n : -1),
    mayPass: numbersOnly,
  },
  huge: {
    to: (_, random) => pick([2 ** 53, 2 ** 64, 1e300], random),
    mayPass: (path) => isJson(path) || isAnyNumber(path),
  },
  'one off': {
    to: (value, random) => (typeof value === 'number' ? value + pick([-1, 1], random) : [value]),
    mayPass: always,
  },
  'long text': { to: () => LONG_TEXT, mayPass: isJson },
  'long list': {
    to: (value, random) => (random.below(200) === 0 ? LONG_LIST : [value, value]),
    mayPass: always,
  },
  nested: { to: (_, random) => deep(1 + random.below(8), random), mayPass: always },
  'nested deep': { to: (_, random) => deep(40 + random.below(100), random), mayPass: never },
  'another text': {
    to: (value) => (typeof value === 'string' ? value.slice(0, -1) + '\u00e9' : String(value)),
    mayPass: always,
  },
};
const LONG_TEXT = 'x'.repeat(20_000);
const LONG_LIST = Array.from({ length: 70_000 }, () => 1);
const CHANGE_NAMES = Object.keys(CHANGES);

/** Whether a change is one of `withFieldChanged`. */
export const isOfField = (change: string): boolean => Object.hasOwn(CHANGES, change);

/** A valid frame in which one field is changed. */
export function withFieldChanged(original: Original, random: TestRandom): HostileFrame {
  const path = randomPath(original.header, random);
  const change = pick(CHANGE_NAMES, random);
  const { to, mayPass } = CHANGES[change]!;
  const before = valueAt(original.header, path);
  const header = changedAt(original.header, path, to(before, random), random);
  return {
    frame: rawFrame(packr.pack(header), original.payload),
    change,
    mayPass: mayPass(path, before),
  };
}

/** A frame that is damaged as bytes, with a checksum that fits or with one that does not. */
export function withBytesChanged(
  original: Original,
  other: Original,
  random: TestRandom,
): HostileFrame {
  const header = Buffer.from(packr.pack(original.header));
  const at = random.below(header.length);
  switch (random.below(7)) {
    case 0: {
      const damaged = rawFrame(header, original.payload);
      damaged[random.below(12 + header.length)]! ^= 1 << random.below(8);
      return { frame: damaged, change: 'a bit of it', mayPass: false };
    }
    case 1:
      header[at] = random.below(256);
      return { frame: rawFrame(header, original.payload), change: 'a byte, summed', mayPass: true };
    case 2: {
      const cut = rawFrame(header.subarray(0, at), original.payload);
      return { frame: cut, change: 'cut, summed', mayPass: false };
    }
    case 3: {
      const theirs = Buffer.from(packr.pack(other.header));
      const mixed = Buffer.concat([
        header.subarray(0, at),
        theirs.subarray(random.below(theirs.length)),
      ]);
      return { frame: rawFrame(mixed, original.payload), change: 'spliced', mayPass: true };
    }
    case 4: {
      const noise = Buffer.from(Array.from({ length: random.below(60) }, () => random.below(256)));
      return { frame: rawFrame(noise), change: 'noise, summed', mayPass: false };
    }
    case 5: {
      const noise = Buffer.from(Array.from({ length: random.below(60) }, () => random.below(256)));
      if (noise.length > 0) noise[0] = 1;
      return { frame: noise, change: 'noise', mayPass: false };
    }
    default: {
      const version = 2 + random.below(254);
      return {
        frame: rawFrame(header, original.payload, { version }),
        change: 'version',
        mayPass: false,
      };
    }
  }
}

function randomPath(header: Record<string, unknown>, random: TestRandom): Path {
  const path: (string | number)[] = [];
  let value: unknown = header;
  do {
    const keys = Array.isArray(value) ? [...value.keys()] : Object.keys(value as object);
    const key = pick<string | number>(keys, random);
    path.push(key);
    value = (value as Record<string | number, unknown>)[key];
  } while (typeof value === 'object' && value !== null && !isEmpty(value) && random.below(5) > 0);
  return path;
}

const isEmpty = (value: object): boolean => Object.keys(value).length === 0;

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce((at, key) => (at as Record<string | number, unknown>)[key], value);
}

/** A copy along the path, the rest shared. Maps where names like __proto__ must be kept. */
function changedAt(value: unknown, path: Path, to: unknown, random: TestRandom): unknown {
  const [key, ...rest] = path;
  const inner = (at: unknown): unknown =>
    rest.length === 0 ? to : changedAt(at, rest, to, random);
  if (Array.isArray(value)) {
    const list = [...(value as unknown[])];
    const made = inner(list[key as number]);
    if (made === DELETED) list.splice(key as number, 1);
    else if (made === ADDED) list.push(list[0]);
    else list[key as number] = made;
    return list;
  }
  const object = { ...(value as Record<string, unknown>) };
  const made = inner(object[key!]);
  if (made === ADDED) return new Map([...Object.entries(object), [pick(NAMES, random), 1]]);
  if (made === DELETED) {
    return Object.fromEntries(Object.entries(object).filter(([name]) => name !== key));
  }
  object[key!] = made;
  return object;
}
