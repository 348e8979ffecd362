import { TokenSample } from '../../charts/TokenText.tsx';
import { firedWords, type FiredToken } from '../../state/explore/firesOn.ts';
import { LabelBox } from '../shared/LabelBox.tsx';

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
