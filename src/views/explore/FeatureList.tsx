import { useCallback, useDeferredValue, useId, useMemo, useRef, useState, type RefObject } from 'react';
import { formatInteger } from '../../charts/format.ts';
import { namedText, type NamedToken } from '../../core/lm/glyphs.ts';
import { densitiesOf, pinsOf, shownLabels, tallyOf, type FeatureReading } from '../../state/explore/featureFacts.ts';
import { featuresCsv } from '../../state/explore/featuresCsv.ts';
import { rankFeatures, RARE_FORMULA, searchFeatures, type RankedFeature, type Ranking } from '../../state/explore/ranking.ts';
import { CopyButton, DownloadButton } from '../shared/CopyButton.tsx';
import type { Densities } from '../../state/shared/dictionaries.ts';
import { densityWords } from './densityWords.ts';
import { FeatureDetail } from './FeatureDetail.tsx';
import { FeatureSearch } from './FeatureSearch.tsx';
import { FeatureTable } from './FeatureTable.tsx';
import { Choice } from '../shared/fields.tsx';
import { Info } from '../shared/Info.tsx';
import { Empty } from '../shared/Panel.tsx';
import { useActions, useApp } from './store.ts';
import type { GridHandle } from './VirtualGrid.tsx';

const RANKINGS: { value: Ranking; label: string; title: string }[] = [
  { value: 'rare', label: 'Rarity', title: `Strong here and seldom elsewhere: ${RARE_FORMULA}` },
  { value: 'max', label: 'Maximum', title: 'Largest value on this text' },
  { value: 'sum', label: 'Sum', title: 'Sum of its values over the tokens of this text' },
  { value: 'count', label: 'Tokens', title: 'Number of tokens on which it fires' },
  { value: 'token', label: 'At token', title: 'Value at the chosen token' },
  { value: 'span', label: 'In span', title: 'Largest value on the tokens brushed in the strip' },
];

interface FeatureListProps {
  reading: FeatureReading;
  names: readonly NamedToken[];
  position: number;
}

export function FeatureList({ reading, names, position }: FeatureListProps) {
  const { dictionary } = reading;
  const { ranking, densities, counted, labels, ranked, span, own } = useRanked(reading, position);
  const { setRanking } = useActions();
  const [query, setQuery] = useState('');
  const wanted = useDeferredValue(query);
  const found = useMemo(() => searchFeatures(wanted, ranked, counted, labels), [wanted, ranked, counted, labels]);
  const [cursor, setCursor] = useState(0);
  const detailId = useId();
  const table = useRef<GridHandle>(null);
  const { shown, editing, write, written } = useWriting(dictionary.id, found, table);

  const rankBy = (next: Ranking) => {
    setRanking(next);
    setCursor(0);
  };
  const search = (next: string) => {
    setQuery(next);
    setCursor(0);
  };
  const csv = () => featuresCsv({ counted, ranked: shown, names: names.map(namedText), labels, position, span, densities });
  return (
    <>
      <div className="feature-tools">
        <RankBy ranking={ranking} densities={densities} onChange={rankBy} />
        <FeatureSearch
          key={dictionary.id}
          query={query}
          onQuery={search}
          last={dictionary.d_sae - 1}
          onEnter={() => table.current?.focusRow(0)}
        />
      </div>
      <ListNotes special={tallyOf(reading, true).skipped.size} />
      {shown.length === 0 ? (
        <Empty>{emptyWords(wanted, ranking, span !== null)}</Empty>
      ) : (
        <div className="feature-frame">
          <FeatureTable
            // Another order starts at its top.
            key={`${ranking} ${wanted}`}
            ref={table}
            {...{ counted, shown, ranking, names, labels, cursor, detailId, dictionary: dictionary.id }}
            pins={own}
            editing={editing}
            onEdit={write}
            onDone={written}
            onCursor={setCursor}
          />
          <FeatureDetail
            id={detailId}
            fallback={shown[Math.min(cursor, shown.length - 1)].row.latent}
            {...{ counted, names, labels, position, dictionary: dictionary.id }}
          />
        </div>
      )}
      <Foot words={countWords(shown.length, ranked.length, wanted.trim() !== '')} dictionary={dictionary.id} csv={csv} />
    </>
  );
}

/** The features of the text in the order asked for, and what is pinned of them. */
function useRanked(reading: FeatureReading, position: number) {
  const ranking = useApp((s) => s.ranking);
  const span = useApp((s) => s.span);
  const densities = useApp(densitiesOf);
  const skipSpecial = useApp((s) => s.skipSpecial);
  const labels = useApp(shownLabels);
  const counted = tallyOf(reading, skipSpecial);
  // Only one ranking depends on the position, and one on the span: the others need no new order when these move.
  const at = ranking === 'token' ? position : -1;
  const within = ranking === 'span' ? span : null;
  const ranked = useMemo(
    () => rankFeatures(counted, { ranking, position: at, span: within, densities }),
    [counted, ranking, at, within, densities],
  );
  const pins = useApp((s) => s.pins);
  const { id } = reading.dictionary;
  const own = useMemo(() => pinsOf(pins, id), [pins, id]);
  return { ranking, span, densities, labels, counted, ranked, own };
}

/** The row whose label is being written; meanwhile the list holds still, so that a new order does not carry the box away. */
function useWriting(dictionary: string, found: readonly RankedFeature[], table: RefObject<GridHandle | null>) {
  const { label } = useActions();
  const [writing, setWriting] = useState<{ dictionary: string; latent: number; shown: readonly RankedFeature[] } | null>(null);
  if (writing && writing.dictionary !== dictionary) setWriting(null);
  const shown = writing?.shown ?? found;
  const write = useCallback((latent: number) => setWriting({ dictionary, latent, shown: found }), [dictionary, found]);
  const written = (text: string | null, byKey: boolean) => {
    if (!writing) return;
    setWriting(null);
    if (text !== null) void label(writing.dictionary, writing.latent, text);
    const place = shown.findIndex(({ row }) => row.latent === writing.latent);
    // After the next drawing, when the box has given way to the row's button.
    if (byKey && place >= 0) requestAnimationFrame(() => table.current?.focusRow(place));
  };
  return { shown, editing: writing?.latent ?? null, write, written };
}

function Foot({ words, dictionary, csv }: { words: string; dictionary: string; csv: () => string }) {
  return (
    <div className="panel-foot">
      <span className="hint" role="status">
        {words}
      </span>
      <CopyButton label="Copy list as CSV" text={csv} />
      <DownloadButton label="Download" name={`features ${dictionary.replaceAll('/', ' ')}.csv`} text={csv} />
    </div>
  );
}

function countWords(shown: number, ranked: number, searched: boolean): string {
  if (searched) return `${formatInteger(shown)} found`;
  return `${formatInteger(ranked)} feature${ranked === 1 ? '' : 's'}`;
}

function emptyWords(query: string, ranking: Ranking, brushed: boolean): string {
  if (query.trim() !== '') return 'No feature has this number, and no label holds these words.';
  if (ranking === 'token') return 'No feature fires at this token.';
  if (ranking !== 'span') return 'No feature fires on a token that counts here.';
  return brushed
    ? 'No feature fires on the brushed tokens.'
    : 'No tokens are brushed. Drag over tokens in the strip above, or hold Shift and use the arrow keys there.';
}

interface RankByProps {
  ranking: Ranking;
  densities: Densities | null;
  onChange: (ranking: Ranking) => void;
}

function RankBy({ ranking, densities, onChange }: RankByProps) {
  return (
    <div className="with-info">
      <Choice legend="Rank by" options={RANKINGS} value={ranking} onChange={onChange} />
      {ranking === 'rare' && (
        <Info about="rarity">
          <span className="formula">{RARE_FORMULA}</span>; density: share of tokens on which it fires, {densityWords(densities)}.
        </Info>
      )}
    </div>
  );
}

/** Which tokens the numbers of the list leave out. */
function ListNotes({ special }: { special: number }) {
  const skip = useApp((s) => s.skipSpecial);
  const { setSkipSpecial } = useActions();
  if (special === 0) return null;
  return (
    <label className="check hint">
      <input type="checkbox" checked={skip} onChange={(e) => setSkipSpecial(e.target.checked)} />
      Leave {special === 1 ? 'one special token' : `${formatInteger(special)} special tokens`} such as <code>&lt;|endoftext|&gt;</code> out
      of values and order
    </label>
  );
}
