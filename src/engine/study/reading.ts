/** What is wanted of every text, checked: hooks, positions, logits. */
import { UsageError } from '../../core/errors.ts';
import { hookOrder, parseHook, type Hook } from '../../core/lm/hooks.ts';
import type { ModelConfig } from '../../core/lm/config.ts';
import type { LogitRows } from '../../api/model.ts';
import { valuesPerRow } from '../model/stretches.ts';
import type { CandidatesJob } from './candidates.ts';

export interface HookReading {
  hook: Hook;
  /** Numbers for each token. */
  F: number;
  /** In each context. */
  positions: readonly (readonly number[])[];
}

export interface Reading {
  hooks: readonly HookReading[];
  /** Positions to unembed in each context; empty for none. */
  logits: readonly (readonly number[])[];
  /** One past the last block that anything wanted depends on. */
  until: number;
}

/** @throws UsageError naming the hook or position */
export function checkReading({ model: { config }, contexts, read = [], logits = 'none' }: CandidatesJob): Reading {
  const lengths = contexts.map((ids) => ids.length);
  const hooks = read.map(({ hook: name, positions = 'all' }): HookReading => {
    const hook = parseHook(name, config.n_layers);
    if (hook.site === 'attn.hook_pattern')
      throw new UsageError(`${hook.name} has no value for one token alone, so it cannot be read here.`);
    return { hook, F: valuesPerRow(config, hook, 1), positions: places(positions, lengths, hook.name) };
  });
  const names = hooks.map(({ hook }) => hook.name);
  if (new Set(names).size !== names.length) throw new UsageError('`read` names a hook twice.');
  const reading: Reading = { hooks, logits: places(logits, lengths, 'logits'), until: 0 };
  if (hooks.length === 0 && reading.logits.every((positions) => positions.length === 0)) {
    throw new UsageError('Nothing is asked for: name hooks in `read`, or positions in `logits`.');
  }
  return { ...reading, until: lastBlock(config, reading) };
}

function places(which: LogitRows, lengths: readonly number[], what: string): number[][] {
  if (which === 'none') return lengths.map(() => []);
  if (which === 'last') return lengths.map((n) => [n - 1]);
  if (which === 'all') return lengths.map((n) => Array.from({ length: n }, (_, i) => i));
  if (!Array.isArray(which)) throw new UsageError(`The positions of ${what} must be 'none', 'last', 'all' or a list.`);
  const shortest = Math.min(...lengths);
  const bad = which.find((p) => !Number.isInteger(p) || p < 0 || p >= shortest);
  if (bad !== undefined)
    throw new UsageError(`${what} is asked for at position ${bad}, but a text has ${shortest} tokens (counted from 0).`);
  return lengths.map(() => which);
}

function lastBlock({ n_layers }: ModelConfig, { hooks, logits }: Reading): number {
  if (logits.some((positions) => positions.length > 0)) return n_layers;
  const needs = hooks.map(({ hook }) => Math.min(hook.layer + 1, n_layers));
  return Math.max(0, ...needs);
}

/** Whether a pass that begins with edits of `first` comes by a hook. */
export function isReached(hook: Hook, first: Hook): boolean {
  return hookOrder(hook) >= hookOrder(first);
}

/** Whether the final norm is asked for, by its hook or by logits. */
export function finalReading({ hooks }: Reading): HookReading | undefined {
  return hooks.find(({ hook }) => hook.site === 'ln_final.hook_normalized');
}
