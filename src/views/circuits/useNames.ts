import { useMemo } from 'react';
import { nameOfNode } from '../../state/circuits/naming.ts';
import { useApp } from '../shared/StoreContext.tsx';
import { useCircuits } from './CircuitsContext.tsx';
import type { NameOf } from './treeWords.ts';

/** What nodes are called, as far as that is known by now. */
export function useNames(): NameOf {
  const labels = useCircuits((s) => s.labels);
  const commonest = useCircuits((s) => s.commonest);
  const tokens = useCircuits((s) => s.tokens);
  return useMemo(() => (node) => nameOfNode({ labels, commonest, tokens }, node), [labels, commonest, tokens]);
}

/** Names of the tokens that the target raises most. */
export function useOutputs(): readonly string[] {
  const writes = useCircuits((s) => s.writes);
  const nameOf = useNames();
  return useMemo(() => writes.map((latent) => nameOf({ dictionary: null, latent }).text), [writes, nameOf]);
}

/** Hook of each dictionary at hand. */
export function useHooks(): ReadonlyMap<string, string> {
  const dictionaries = useApp((s) => s.dictionaries);
  return useMemo(() => new Map(dictionaries.status === 'done' ? dictionaries.list.map(({ id, hook }) => [id, hook]) : []), [dictionaries]);
}
