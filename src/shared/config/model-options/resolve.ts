import { showValue } from '../faults.js';
import {
  CONVOLUTIONS_IN_A_BLOCK,
  defaultsOf,
  type ActivationName,
  type ConfigurableModel,
  type ModelOptions,
  type OptionsOf,
} from './defaults.js';
import { PADDINGS, SHARES, stretched, wholeNumbers, type ValueReader } from './list-values.js';

/** The keys of the configuration that say them; a list is a text with commas, null the default. */
export interface ModelOptionKeys {
  readonly filters: string | null;
  readonly kernelSize: string | null;
  readonly padding: string | null;
  readonly activation: ActivationName | null;
  readonly leakySlope: number | null;
  readonly convDropout: string | null;
  readonly residualBlocks: string | null;
  readonly hiddenLayers: number | null;
  readonly denseUnits: string | null;
  readonly denseDropout: string | null;
  readonly imageSize: number | null;
  readonly unfrozenBlocks: number | null;
}

export type ModelOptionKey = keyof ModelOptionKeys;

export const MODEL_OPTION_KEYS: readonly ModelOptionKey[] = [
  'filters',
  'kernelSize',
  'padding',
  'activation',
  'leakySlope',
  'convDropout',
  'residualBlocks',
  'hiddenLayers',
  'denseUnits',
  'denseDropout',
  'imageSize',
  'unfrozenBlocks',
];

/** What is wrong with each key; those that are right are not in it. */
export type OptionFaults = Partial<Record<ModelOptionKey, string>>;

/** The keys that a model takes; one that is not built in takes none. */
export function optionKeysOf(model: string): readonly ModelOptionKey[] {
  const defaults = defaultsOf(model) ?? {};
  return MODEL_OPTION_KEYS.filter(
    (key) => (key === 'hiddenLayers' ? 'denseUnits' : key) in defaults,
  );
}

/**
 * The options of a built-in model, complete, and what is wrong with the keys: with any fault the
 * options are not to be used. A list has one value for all, or one for each. `options` is null for a
 * model that is not built in.
 */
export function modelOptions(
  model: string,
  keys: ModelOptionKeys,
): { readonly options: Partial<ModelOptions> | null; readonly faults: OptionFaults } {
  const defaults = defaultsOf(model);
  const faults = strangeKeys(model, keys);
  if (defaults === null) return { options: null, faults };
  const lists = new Lists(keys, defaults, faults);
  const filters = lists.free('filters', wholeNumbers(1, 8192));
  const inABlock = CONVOLUTIONS_IN_A_BLOCK[model as ConfigurableModel] ?? 1;
  const count = filters?.length ?? 0;
  if (count % inABlock !== 0) {
    faults.filters ??= `${model} has blocks of ${inABlock} convolutions, got ${count} in ${showValue(keys.filters)}`;
  }
  const blocks = Math.ceil(count / inABlock);
  const named = lists.free('denseUnits', wholeNumbers(1, 65_536));
  const hidden = keys.hiddenLayers ?? named?.length ?? 0;
  if (keys.denseUnits?.includes(',') === true && named !== undefined && named.length !== hidden) {
    faults.hiddenLayers ??= `must be what denseUnits names, ${named.length} in ${showValue(keys.denseUnits)}, got ${hidden}`;
  }
  const { activation, leakySlope } = defaults;
  if (keys.leakySlope !== null && (keys.activation ?? activation) !== 'leakyRelu') {
    faults.leakySlope ??= 'needs activation leakyRelu';
  }
  const all: { readonly [Key in keyof ModelOptions]: ModelOptions[Key] | undefined } = {
    filters,
    kernelSize: lists.each('kernelSize', wholeNumbers(1, 64), count, 'convolutions'),
    padding: lists.each('padding', PADDINGS, count, 'convolutions'),
    activation: activation && (keys.activation ?? activation),
    leakySlope: leakySlope === undefined ? undefined : (keys.leakySlope ?? leakySlope),
    convDropout: lists.each('convDropout', SHARES, blocks, 'blocks'),
    residualBlocks: lists.each('residualBlocks', wholeNumbers(1, 64), count, 'stages'),
    denseUnits: named && stretched(named, hidden),
    denseDropout: lists.each('denseDropout', SHARES, hidden, 'hidden dense layers'),
    imageSize: defaults.imageSize && (keys.imageSize ?? defaults.imageSize),
    unfrozenBlocks: defaults.unfrozenBlocks === undefined ? undefined : (keys.unfrozenBlocks ?? defaults.unfrozenBlocks), // prettier-ignore
  };
  const had = Object.entries(all).filter(([, value]) => value !== undefined);
  return { options: Object.fromEntries(had) as Partial<ModelOptions>, faults };
}

const NOTHING_SAID = Object.fromEntries(
  MODEL_OPTION_KEYS.map((key) => [key, null]),
) as unknown as ModelOptionKeys;

/** The options of a built-in model where nothing is said. */
export function defaultOptions<Model extends ConfigurableModel>(model: Model): OptionsOf<Model> {
  return modelOptions(model, NOTHING_SAID).options as OptionsOf<Model>;
}

function strangeKeys(model: string, keys: ModelOptionKeys): OptionFaults {
  const known = optionKeysOf(model);
  const strange = MODEL_OPTION_KEYS.filter((key) => keys[key] !== null && !known.includes(key));
  const message =
    known.length === 0
      ? 'belongs to the built-in models; a model of your own says its sizes itself'
      : `${model} has no such option; it has ${known.join(', ')}`;
  return Object.fromEntries(strange.map((key) => [key, message]));
}

type ListKey = Exclude<
  keyof ModelOptions,
  'activation' | 'leakySlope' | 'imageSize' | 'unfrozenBlocks'
>;
type ValueOf<Key extends ListKey> = ModelOptions[Key][number];

/** Reads lists off the keys, and notes what is wrong with them. */
class Lists {
  constructor(
    readonly keys: ModelOptionKeys,
    readonly defaults: Partial<ModelOptions>,
    readonly faults: OptionFaults,
  ) {}

  /** As many as are named; undefined where the model has no such list. */
  free<Key extends ListKey>(
    key: Key,
    reader: ValueReader<ValueOf<Key>>,
  ): readonly ValueOf<Key>[] | undefined {
    const usual = this.defaults[key] as readonly ValueOf<Key>[] | undefined;
    if (usual === undefined) return undefined;
    const text = this.keys[key];
    if (text === null) return usual;
    const values = text.split(',').map((part) => reader.read(part));
    if (values.length <= MOST_VALUES && !values.includes(null)) return values as ValueOf<Key>[];
    const wrong = text.split(',').find((part) => reader.read(part) === null);
    this.faults[key] ??=
      wrong === undefined
        ? `expected at most ${MOST_VALUES} values, got ${values.length}`
        : `expected ${reader.expected}, with commas between, got ${showValue(wrong)}`;
    return usual;
  }

  /** One for each of `count` things. */
  each<Key extends ListKey>(
    key: Key,
    reader: ValueReader<ValueOf<Key>>,
    count: number,
    things: string,
  ): readonly ValueOf<Key>[] | undefined {
    const values = this.free(key, reader);
    if (values === undefined) return undefined;
    const text = this.keys[key];
    if (text !== null && values.length > 1 && values.length !== count) {
      this.faults[key] ??=
        `expected one value for all, or one for each of ${count} ${things}, got ${values.length} in ${showValue(text)}`;
    }
    return stretched(values, count);
  }
}

const MOST_VALUES = 64;
