/** The plain numbers of a training run: what they mean, what they may be, where they stand in the settings. */
import type { TrainConfig } from '../../api/training.ts';

export interface NumberField {
  /** Path in TrainConfig: 'batch', 'adam.lr'. */
  name: FieldName;
  label: string;
  /** What it does and in which unit. */
  help: string;
  /** What an empty box means. */
  standard: string;
  least: number;
  most: number;
  whole?: boolean;
}

export type FieldName =
  | 'tokens'
  | 'batch'
  | 'seed'
  | 'held_out'
  | 'buffer_mib'
  | 'adam.lr'
  | 'adam.beta1'
  | 'adam.beta2'
  | 'adam.eps'
  | 'schedule.warmup'
  | 'schedule.decay'
  | 'schedule.sparsityWarmup'
  | 'clip'
  | 'resample_every'
  | 'dead_after'
  | 'evaluate_every'
  | 'evaluate_tokens'
  | 'checkpoint_seconds'
  | 'threads';

const BELOW_ONE = 1 - 2 ** -24;
const MANY = 1e12;
const whole = true;

const field = (
  name: FieldName,
  label: string,
  help: string,
  standard: string,
  range: Omit<NumberField, 'name' | 'label' | 'help' | 'standard'>,
) => ({
  name,
  label,
  help,
  standard,
  ...range,
});

export const TOKENS_FIELD: NumberField = field(
  'tokens',
  'Tokens',
  'Token positions to train on. The text is gone through as often as that takes.',
  '1000000',
  { least: 1, most: MANY, whole },
);

/** Under "Advanced", by what they are about. */
export const ADVANCED_FIELDS: readonly { title: string; fields: readonly NumberField[] }[] = [
  {
    title: 'Steps',
    fields: [
      field('batch', 'Batch', 'Token positions of one step.', '1024', { least: 1, most: 65_536, whole }),
      field('adam.lr', 'Learning rate', 'Of Adam.', '0.001', { least: 1e-12, most: 10 }),
      field('adam.beta1', 'β₁', 'Adam’s memory of gradients; 0 to below 1.', '0.9', { least: 0, most: BELOW_ONE }),
      field('adam.beta2', 'β₂', 'Adam’s memory of squared gradients; 0 to below 1.', '0.999', { least: 0, most: BELOW_ONE }),
      field('adam.eps', 'ε', 'Added to the root of squared gradients.', '1e-8', { least: 1e-20, most: 1 }),
      field('clip', 'Gradient clip', 'Largest norm of a dictionary’s gradients; 0 for none.', 'none; TopK 1', { least: 0, most: 1e9 }),
    ],
  },
  {
    title: 'Schedule',
    fields: [
      field('schedule.warmup', 'Warm-up', 'First steps, over which the learning rate rises.', '0', { least: 0, most: MANY, whole }),
      field('schedule.decay', 'Decay', 'Last steps, over which the learning rate falls to 0.', '0', { least: 0, most: MANY, whole }),
      field('schedule.sparsityWarmup', 'Sparsity warm-up', 'First steps, over which the weight of sparsity rises.', '0', {
        least: 0,
        most: MANY,
        whole,
      }),
    ],
  },
  {
    title: 'Dead features',
    fields: [
      field('dead_after', 'Dead after', 'Tokens without firing after which a feature counts as dead.', '100000', {
        least: 1,
        most: MANY,
        whole,
      }),
      field(
        'resample_every',
        'Begin again every',
        'Steps between two looks for dead features to begin again; 0 for never, as the paper.',
        '0',
        {
          least: 0,
          most: MANY,
          whole,
        },
      ),
    ],
  },
  {
    title: 'Text and measuring',
    fields: [
      field('held_out', 'Held out', 'Share of the text never trained on, for measuring; 0 to below 1.', '0.05', {
        least: 0,
        most: BELOW_ONE,
      }),
      field(
        'evaluate_every',
        'Measure every',
        'Steps between two measurements on held-out text; 0 for only at the end.',
        'a tenth of the run',
        {
          least: 0,
          most: MANY,
          whole,
        },
      ),
      field('evaluate_tokens', 'Measure on', 'Held-out tokens of one measurement.', '2048', { least: 1, most: 1e7, whole }),
      field('buffer_mib', 'Shuffle buffer', 'MiB of activations held and shuffled together.', '32', { least: 1, most: 4096 }),
      field('seed', 'Seed of the run', 'Of the order of text and rows, and of features that begin again.', '0', {
        least: 0,
        most: Number.MAX_SAFE_INTEGER,
        whole,
      }),
    ],
  },
  {
    title: 'This device',
    fields: [
      field('checkpoint_seconds', 'Checkpoint every', 'Seconds between two savings of the run. A crash costs at most this much.', '20', {
        least: 1,
        most: 86_400,
      }),
      field('threads', 'Threads', 'Of the trainer on the CPU. Changes no number.', 'all', { least: 1, most: 64, whole }),
    ],
  },
];

export const NUMBER_FIELDS: readonly NumberField[] = [TOKENS_FIELD, ...ADVANCED_FIELDS.flatMap((group) => group.fields)];

/** The value at a field's path; undefined when it is not set. */
export function fieldOf(config: Partial<TrainConfig>, name: FieldName): unknown {
  const [outer, inner] = name.split('.');
  const value = (config as Record<string, unknown>)[outer];
  return inner === undefined ? value : (value as Record<string, unknown> | undefined)?.[inner];
}

/** Sets the value at a field's path, in place. */
export function setField(config: Partial<TrainConfig>, name: FieldName, value: number): void {
  const record = config as Record<string, unknown>;
  const [outer, inner] = name.split('.');
  if (inner === undefined) record[outer] = value;
  else record[outer] = { ...(record[outer] as object | undefined), [inner]: value };
}
