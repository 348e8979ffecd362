/** What keys do at a node of a tree, beside going through it. */
import { useContext, useEffect } from 'react';
import type { Step } from '../../charts/walk.ts';
import { growthOf, type GrownTree, type SeenTree } from '../../state/circuits/trees.ts';
import { useActions } from '../shared/StoreContext.tsx';
import { CircuitsContext, useCircuitsActions } from './CircuitsContext.tsx';

interface KeysOf {
  grown: GrownTree;
  seen: SeenTree;
  setActive: (step: Step | null) => void;
}

/** More parents of a node at one press. */
export const MORE = 3;

/** For the (i) beside the picture. */
export const KEY_WORDS: readonly (readonly [keys: string, words: string])[] = [
  ['↓ ↑', 'to the strongest parent, back up'],
  ['← →', 'to the weaker and stronger parents of the same node'],
  ['Enter', 'detail of the node'],
  ['D', 'detail of the edge one came over'],
  ['E', 'its parents: look for them, close, open'],
  ['M', 'more parents'],
  ['P, H', 'pin, hide'],
  ['O', 'its feature page'],
  ['+ − 0', 'closer, farther, all of it'],
  ['U or Ctrl+Z', 'undo'],
];

export function useTreeKeys({ grown, seen, setActive }: KeysOf): (key: string, step: Step) => boolean {
  const { choose, close, pin, hide, regrow, undo } = useCircuitsActions();
  const { openFeature } = useActions();
  useUndoKeys();
  return (key, step) => {
    const { node, edge } = step;
    const meant = grown.tree.nodes.find(({ id }) => id === node);
    const isRoot = grown.tree.nodes[0]?.id === node;
    const over = edge ?? null;
    switch (key.toLowerCase()) {
      case 'd':
        if (over !== null) choose(over);
        return true;
      case 'e':
        if (grown.tree.edges.some(({ child }) => child === node)) close(node);
        else void regrow(node, {});
        return true;
      case 'm':
        void regrow(node, { parents: growthOf(grown, node).parents + MORE });
        return true;
      case 'p':
        if (meant) pin(node);
        return true;
      case 'h': {
        if (!meant || isRoot) return true;
        const up = seen.edges.find(({ parent }) => parent === node)?.child ?? grown.tree.nodes[0].id;
        hide(node);
        setActive({ node: up, edge: null });
        requestAnimationFrame(() => document.querySelector<SVGElement>(`[data-node="${CSS.escape(up)}"]`)?.focus());
        return true;
      }
      case 'o':
        if (meant && meant.dictionary !== null) openFeature({ dictionary: meant.dictionary, latent: meant.latent });
        return true;
      case 'u':
        undo();
        return true;
      case 'escape':
        choose(null);
        return false;
      default:
        return false;
    }
  };
}

const TYPING = 'textarea, select, [contenteditable], input:not([type=checkbox]):not([type=radio]):not([type=range])';

/** Anywhere on the screen but while typing. */
function useUndoKeys() {
  const store = useContext(CircuitsContext);
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.defaultPrevented || !(event.ctrlKey || event.metaKey) || !store) return;
      if (event.target instanceof Element && event.target.matches(TYPING)) return;
      const key = event.key.toLowerCase();
      const { undo, redo } = store.getState().actions;
      if (key === 'z') (event.shiftKey ? redo : undo)();
      else if (key === 'y') redo();
      else return;
      event.preventDefault();
    };
    addEventListener('keydown', onKeyDown);
    return () => removeEventListener('keydown', onKeyDown);
  }, [store]);
}
