/** Keys that work anywhere on the page but not while typing. */
import { useEffect } from 'react';
import type { UndoActions } from '../../state/shared/page.ts';

const TYPING = 'textarea, select, [contenteditable], input:not([type=checkbox]):not([type=radio]):not([type=file])';

/** @param exploring whether what the other keys act on is on screen */
export function usePageKeys(actions: UndoActions, onHelp: () => void, exploring: boolean): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      const typing = event.target instanceof Element && event.target.matches(TYPING);
      if (typing || event.altKey || event.defaultPrevented) return;
      const command = event.ctrlKey || event.metaKey;
      if (!command && event.key === '?') onHelp();
      else if (!exploring) return;
      else if (!command && event.key === '/') document.getElementById('feature-search')?.focus();
      else if (command && event.key.toLowerCase() === 'z') (event.shiftKey ? actions.redo : actions.undo)();
      else if (command && event.key.toLowerCase() === 'y') actions.redo();
      else return;
      event.preventDefault();
    };
    addEventListener('keydown', onKeyDown);
    return () => removeEventListener('keydown', onKeyDown);
  }, [actions, onHelp, exploring]);
}
