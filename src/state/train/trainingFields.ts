/** The plain numbers of a training run for people; what they may be and their defaults stand in core/train/settings.ts. */
import type { TrainConfig } from '../../api/training.ts';
import { ARCHITECTURES } from '../../core/train/architectures/index.ts';
import { runNumber, type RunNumber } from '../../core/train/settings.ts';

/** Path in TrainConfig: 'batch', 'adam.lr'. */
export type FieldName = RunNumber;

export interface NumberField {
  name: FieldName;
  label: string;
  /** What it does and in which unit. */
  help: string;
  /** What an empty box means. */
  standard: string;
}

/** @param standard in words, where the default depends on the run */
function field(name: FieldName, label: string, help: string, standard = ''): NumberField {
  const { fallback } = runNumber(name);
  return { name, label, help, standard: fallback === undefined ? standard : String(fallback) };
}

export const TOKENS_FIELD = field('tokens', 'Tokens', 'Token positions to train on. The text is gone through as often as that takes.');

/** Under "Advanced", by what they are about. */
export const ADVANCED_FIELDS: readonly { title: string; fields: readonly NumberField[] }[] = [
  {
    title: 'Steps',
    fields: [
      field('batch', 'Batch', 'Token positions of one step.'),
      field('adam.lr', 'Learning rate', 'Of Adam.'),
      field('adam.beta1', 'β₁', 'Adam’s memory of gradients; 0 to below 1.'),
      field('adam.beta2', 'β₂', 'Adam’s memory of squared gradients; 0 to below 1.'),
      field('adam.eps', 'ε', 'Added to the root of squared gradients.'),
      field('clip', 'Gradient clip', 'Largest norm of a dictionary’s gradients; 0 for none.', clipWords()),
    ],
  },
  {
    title: 'Schedule',
    fields: [
      field('schedule.warmup', 'Warm-up', 'First steps, over which the learning rate rises.'),
      field('schedule.decay', 'Decay', 'Last steps, over which the learning rate falls to 0.'),
      field('schedule.sparsityWarmup', 'Sparsity warm-up', 'First steps, over which the weight of sparsity rises.'),
    ],
  },
  {
    title: 'Dead features',
    fields: [
      field('dead_after', 'Dead after', 'Tokens without firing after which a feature counts as dead.'),
      field('resample_every', 'Begin again every', 'Steps between two looks for dead features to begin again; 0 for never, as the paper.'),
    ],
  },
  {
    title: 'Text and measuring',
    fields: [
      field('held_out', 'Held out', 'Share of the text never trained on, for measuring; 0 to below 1.'),
      field(
        'evaluate_every',
        'Measure every',
        'Steps between two measurements on held-out text; 0 for only at the end.',
        'a tenth of the run',
      ),
      field('evaluate_tokens', 'Measure on', 'Held-out tokens of one measurement.'),
      field('buffer_mib', 'Shuffle buffer', 'MiB of activations held and shuffled together.'),
      field('seed', 'Seed of the run', 'Of the order of text and rows, and of features that begin again.'),
    ],
  },
  {
    title: 'This device',
    fields: [
      field('checkpoint_seconds', 'Checkpoint every', 'Seconds between two savings of the run. A crash costs at most this much.'),
      field('threads', 'Threads', 'Of the trainer on the CPU. Changes no number.', 'all'),
    ],
  },
];

export const NUMBER_FIELDS: readonly NumberField[] = [TOKENS_FIELD, ...ADVANCED_FIELDS.flatMap((group) => group.fields)];

/** 'none; TopK 1': what architectures clip at of themselves. */
function clipWords(): string {
  return ['none', ...ARCHITECTURES.flatMap(({ label, clip }) => (clip === undefined ? [] : [`${label} ${String(clip)}`]))].join('; ');
}

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
