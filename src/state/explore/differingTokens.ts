/** Which tokens of two continuations differ, once what they share is laid side by side. */
import { diffArrays } from 'diff';

/** @returns for each token of `b` whether it stands in no longest common run with `a` */
export function differingTokens(a: readonly number[], b: readonly number[]): boolean[] {
  return diffArrays([...a], [...b]).flatMap(({ added, removed, count }) => (removed ? [] : Array.from({ length: count }, () => added)));
}
