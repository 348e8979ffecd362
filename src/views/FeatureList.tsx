import { useId, useMemo, useRef, useState, type FormEvent } from 'react';
import { flushSync } from 'react-dom';
import { formatInteger } from '../charts/format.ts';
import { namedText, type NamedToken } from '../core/lm/glyphs.ts';
import { pinsOf, type FeatureReading } from '../state/featureFacts.ts';
import { featuresCsv, rankFeatures, type Ranking } from '../state/features.ts';
import { CopyButton, DownloadButton } from './CopyButton.tsx';
import { FeatureDetail } from './FeatureDetail.tsx';
import { FeatureTable } from './FeatureTable.tsx';
import { Choice } from './fields.tsx';
import { Empty } from './Panel.tsx';
import { useActions, useApp } from './StoreContext.tsx';

/** Rows shown at first, and added each time more are asked for. */
export const ROWS_STEP = 40;

const RANKINGS: { value: Ranking; label: string; title: string }[] = [
  { value: 'max', label: 'Maximum', title: 'Largest value on this text' },
  { value: 'sum', label: 'Sum', title: 'Sum of its values over the tokens of this text' },
  { value: 'count', label: 'Tokens', title: 'Number of tokens on which it fires' },
  { value: 'token', label: 'At token', title: 'Value at the chosen token' },
];

interface FeatureListProps {
  reading: FeatureReading;
  names: readonly NamedToken[];
  position: number;
}

export function FeatureList({ reading, names, position }: FeatureListProps) {
  const ranking = useApp((s) => s.ranking);
  const pins = useApp((s) => s.pins);
  const { setRanking } = useActions();
  const { index, dictionary } = reading;
  // Only one ranking depends on the position: the others need no new order when it moves.
  const at = ranking === 'token' ? position : -1;
  const ranked = useMemo(() => rankFeatures(index, ranking, at), [index, ranking, at]);
  const own = useMemo(() => pinsOf(pins, dictionary.id), [pins, dictionary.id]);
  const [limit, setLimit] = useState(ROWS_STEP);
  const [cursor, setCursor] = useState(0);
  const detailId = useId();
  const frame = useRef<HTMLDivElement>(null);
  const shown = useMemo(() => ranked.slice(0, limit), [ranked, limit]);

  const rankBy = (next: Ranking) => {
    setRanking(next);
    setCursor(0);
    setLimit(ROWS_STEP);
    frame.current?.querySelector('.feature-scroll')?.scrollTo(0, 0);
  };
  const jump = (latent: number): boolean => {
    const place = ranked.findIndex((r) => r.row.latent === latent);
    if (place < 0) return false;
    flushSync(() => {
      setLimit(Math.max(limit, Math.ceil((place + 1) / ROWS_STEP) * ROWS_STEP));
      setCursor(place);
    });
    frame.current?.querySelector<HTMLElement>(`[data-latent="${latent}"] button`)?.focus();
    return true;
  };
  const csv = () => featuresCsv(index, ranked, names.map(namedText), position);
  return (
    <>
      <div className="feature-tools">
        <Choice legend="Rank by" options={RANKINGS} value={ranking} onChange={rankBy} />
        <Jump key={dictionary.id} last={index.d_sae - 1} where={ranking === 'token' ? 'at this token' : 'on this text'} onJump={jump} />
      </div>
      {ranked.length === 0 ? (
        <Empty>No feature fires at this token.</Empty>
      ) : (
        <div ref={frame} className="feature-frame">
          <FeatureTable
            index={index}
            shown={shown}
            ranking={ranking}
            names={names}
            pins={own}
            cursor={cursor}
            onCursor={setCursor}
            detailId={detailId}
          />
          <FeatureDetail
            id={detailId}
            index={index}
            fallback={shown[Math.min(cursor, shown.length - 1)].row.latent}
            names={names}
            position={position}
          />
        </div>
      )}
      <div className="panel-foot">
        {shown.length < ranked.length && (
          <button type="button" className="button-small" onClick={() => setLimit(limit + ROWS_STEP)}>
            Show {Math.min(ROWS_STEP, ranked.length - shown.length)} more
          </button>
        )}
        <span className="hint">
          {formatInteger(shown.length)} of {formatInteger(ranked.length)}
        </span>
        <CopyButton label="Copy list as CSV" text={csv} />
        <DownloadButton label="Download" name={`features ${dictionary.id.replaceAll('/', ' ')}.csv`} text={csv} />
      </div>
    </>
  );
}

/** @param onJump false when the feature is not in the list */
function Jump({ last, where, onJump }: { last: number; where: string; onJump: (latent: number) => boolean }) {
  const [draft, setDraft] = useState('');
  const [missing, setMissing] = useState<number | null>(null);
  const { pin } = useActions();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (draft.trim() === '') return;
    const latent = Number(draft);
    setMissing(onJump(latent) ? null : latent);
  };
  return (
    <form className="feature-jump" onSubmit={submit}>
      <label>
        <span className="field-label">Go to feature</span>
        <input
          type="number"
          className="number-input"
          min={0}
          max={last}
          step={1}
          placeholder={`0–${last}`}
          value={draft}
          onChange={(e) => {
            setDraft(e.target.value);
            setMissing(null);
          }}
        />
      </label>
      <button type="submit" className="button-small">
        Go
      </button>
      {missing !== null && (
        <p className="hint" role="status">
          Feature {missing} does not fire {where}.{' '}
          <button type="button" className="button-small" onClick={() => pin(missing)}>
            Pin it all the same
          </button>
        </p>
      )}
    </form>
  );
}
