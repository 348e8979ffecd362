import { TokenSample } from '../../charts/TokenText.tsx';
import type { FiredToken } from '../../state/explore/firesOn.ts';
import type { IndexName } from '../../state/explore/indexNames.ts';
import { shareWords } from '../../state/shared/featureNames.ts';
import { LabelBox } from '../shared/LabelBox.tsx';

interface LabelCellProps {
  latent: number;
  label: string | undefined;
  /** What it fires on most in this text, said in grey while there is no label. */
  fired?: readonly FiredToken[];
  /** What an index says it fires on, in place of that. */
  indexed?: IndexName | undefined;
  editing: boolean;
  onEdit: () => void;
  /** With what was written, or null when nothing is to change. `byKey` says that the keyboard waits for a place. */
  onDone: (text: string | null, byKey: boolean) => void;
  /** Whether Tab stops at it; in a list the row is the one stop and the key l starts writing. */
  tabStop?: boolean;
}

/** A label that turns into a text box in its place. */
export function LabelCell({ latent, label, fired = NONE, indexed, editing, onEdit, onDone, tabStop = false }: LabelCellProps) {
  if (editing) return <LabelBox latent={latent} label={label ?? ''} onDone={onDone} />;
  const guess = guessOf(fired, indexed);
  return (
    <button
      type="button"
      className={`label-button${label ? '' : guess ? ' is-guess' : ' is-empty'}`}
      data-label=""
      tabIndex={tabStop ? 0 : -1}
      title={label ?? (guess ? `No label: ${guess.title}. Write one (key l)` : 'Write a label (key l)')}
      aria-label={label ? `Label of feature ${latent}: ${label}. Change` : guess ? undefined : `Write a label for feature ${latent}`}
      onClick={onEdit}
    >
      {label ?? (guess ? <span className="visually-hidden">Write a label for feature {latent}, which </span> : '+ label')}
      {!label && guess && (indexed ? <Indexed {...indexed} /> : <Fired tokens={fired} />)}
    </button>
  );
}

/** What stands in grey in place of a label, on hovering; its words are the button's name. */
function guessOf(fired: readonly FiredToken[], indexed: IndexName | undefined): { title: string } | null {
  if (indexed) return { title: `${shareWords(indexed)} in ${indexed.corpus}` };
  return fired.length > 0 ? { title: 'what it fires on most in this text' } : null;
}

function Indexed({ kind, words, share }: IndexName) {
  return (
    <>
      fires on {kind === 'token' ? <TokenSample name={{ text: words, part: 1, of: 1 }} /> : words}{' '}
      <span className="guess-lead">{Math.round(100 * share)} %</span>
    </>
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
