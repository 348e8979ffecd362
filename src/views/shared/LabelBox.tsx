import { useEffect, useEffectEvent, useRef, useState, type KeyboardEvent } from 'react';

/** As long as a label may be. */
const MAX_LENGTH = 500;

interface LabelBoxProps {
  latent: number;
  /** '' where there is none yet. */
  label: string;
  /** With what was written, or null when nothing is to change. `byKey` says that the keyboard waits for a place. */
  onDone: (text: string | null, byKey: boolean) => void;
}

/** Where a label is written. */
export function LabelBox({ latent, label, onDone }: LabelBoxProps) {
  const [draft, setDraft] = useState(label);
  const box = useRef<HTMLInputElement>(null);
  // Leaving the box must not save again what a key has settled.
  const settled = useRef(false);
  const settle = (text: string | null, byKey: boolean) => {
    if (settled.current) return;
    settled.current = true;
    onDone(text, byKey);
  };
  // A row that goes, as when another dictionary's come, takes nothing with it that was written.
  const onGone = useEffectEvent(() => draft !== label && settle(draft, false));
  useEffect(() => {
    box.current?.focus({ preventScroll: true });
    box.current?.select();
    return () => void onGone();
  }, []);
  const onKeyDown = (event: KeyboardEvent) => {
    // Enter that ends a composition (Japanese, Chinese, Korean) belongs to the input method.
    if (event.nativeEvent.isComposing) return;
    if (event.key === 'Enter') settle(draft, true);
    else if (event.key === 'Escape') settle(null, true);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <input
      ref={box}
      type="text"
      className="label-box"
      data-label=""
      aria-label={`Label of feature ${latent}. Enter saves, Escape cancels`}
      placeholder="Enter saves, Esc cancels"
      maxLength={MAX_LENGTH}
      value={draft}
      onChange={(e) => setDraft(e.target.value)}
      onKeyDown={onKeyDown}
      onBlur={() => settle(draft, false)}
    />
  );
}
