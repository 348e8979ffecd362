/** Keys that go from feature to feature: j and k anywhere but while typing, arrows where they mean nothing else. */
import { useEffect } from 'react';

const TYPING = 'textarea, select, [contenteditable], input:not([type=checkbox]):not([type=radio]):not([type=range])';

export function useStepKeys(step: (by: number) => void): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      const { target } = event;
      if (event.altKey || event.ctrlKey || event.metaKey || event.defaultPrevented) return;
      if (document.querySelector('dialog[open]') || (target instanceof Element && target.matches(TYPING))) return;
      const isFree = target === document.body;
      if (event.key === 'j' || (isFree && event.key === 'ArrowRight')) step(1);
      else if (event.key === 'k' || (isFree && event.key === 'ArrowLeft')) step(-1);
      else return;
      event.preventDefault();
    };
    addEventListener('keydown', onKeyDown);
    return () => removeEventListener('keydown', onKeyDown);
  }, [step]);
}
