import { useEffect, useEffectEvent, useRef, useState, type KeyboardEvent } from 'react';
import { TokenSample } from '../../charts/TokenText.tsx';
import { firedWords, type FiredToken } from '../../state/explore/firesOn.ts';

/** As long as a label may be. */
const MAX_LENGTH = 500;

interface LabelCellProps {
  latent: number;
  label: string | undefined;
  /** What it fires on most in this text, said in grey while there is no label. */
  fired?: readonly FiredToken[];
  editing: boolean;
  onEdit: () => void;
  /** With what was written, or null when nothing is to change. `byKey` says that the keyboard waits for a place. */
  onDone: (text: string | null, byKey: boolean) => void;
  /** Whether Tab stops at it; in a list the row is the one stop and the key l starts writing. */
  tabStop?: boolean;
}

/** A label that turns into a text box in its place. */
export function LabelCell({ latent, label, fired = NONE, editing, onEdit, onDone, tabStop = false }: LabelCellProps) {
  if (editing) return <LabelBox latent={latent} label={label ?? ''} onDone={onDone} />;
  const heard = fired.length > 0 ? `, which fires here on ${firedWords(fired)}` : '';
  return (
    <button
      type="button"
      className={`label-button${label ? '' : fired.length > 0 ? ' is-guess' : ' is-empty'}`}
      data-label=""
      tabIndex={tabStop ? 0 : -1}
      title={label ?? (heard === '' ? 'Write a label (key l)' : 'No label: what it fires on most in this text. Write one (key l)')}
      aria-label={label ? `Label of feature ${latent}: ${label}. Change` : `Write a label for feature ${latent}${heard}`}
      onClick={onEdit}
    >
      {label ?? (heard === '' ? '+ label' : <Fired tokens={fired} />)}
    </button>
  );
}

const NONE: readonly FiredToken[] = [];

function Fired({ tokens }: { tokens: readonly FiredToken[] }) {
  return (
    <>
      <span className="guess-lead">fires here </span>on{' '}
      {tokens.map(({ name, times }, i) => (
        <span key={i}>
          {i > 0 && ', '}
          <TokenSample name={name} />
          {times > 1 && ` ${times}×`}
        </span>
      ))}
    </>
  );
}

function LabelBox({ latent, label, onDone }: Pick<LabelCellProps, 'latent' | 'onDone'> & { label: string }) {
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
