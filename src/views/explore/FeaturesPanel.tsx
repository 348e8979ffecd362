import type { ReactNode } from 'react';
import { formatFull, formatInteger, formatPercent } from '../../charts/format.ts';
import { markToken } from '../../charts/TokenBars.tsx';
import { TokenSample } from '../../charts/TokenText.tsx';
import type { NamedToken } from '../../core/lm/glyphs.ts';
import type { FeatureReading } from '../../state/explore/featureFacts.ts';
import { EXPLAINED_FORMULA } from '../../state/explore/explained.ts';
import { chosenPosition, hasEdits } from '../../state/explore/selectors.ts';
import { tokenNames } from '../../state/explore/tokenNames.ts';
import { DictionaryMap } from './DictionaryMap.tsx';
import { DictionaryTools } from './FeatureDictionary.tsx';
import { FeatureList } from './FeatureList.tsx';
import { FeaturePins } from './FeaturePins.tsx';
import { Info } from '../shared/Info.tsx';
import { Empty, Failure, Panel, Skeleton } from '../shared/Panel.tsx';
import { useApp } from './store.ts';

export interface FeatureSlots {
  /** Why what the chosen dictionary shows may not mean what it seems to. */
  doubts: ReactNode;
  /** Ways to a dictionary, where none at hand fits. */
  offer: ReactNode;
}

/** Which features of a dictionary fire on the text. */
export function FeaturesPanel(slots: FeatureSlots) {
  const busy = useApp((s) => s.featuresTask.status === 'running');
  return (
    <Panel title="Features" className="panel-features" busy={busy}>
      <Body {...slots} />
    </Panel>
  );
}

function Body({ doubts, offer }: FeatureSlots) {
  const boot = useApp((s) => s.boot.status);
  const model = useApp((s) => s.model);
  const dictionaries = useApp((s) => s.dictionaries);
  const chosen = useApp((s) => s.dictionary);
  const task = useApp((s) => s.featuresTask);
  const features = useApp((s) => s.features);
  const empty = useApp((s) => s.reading.status === 'empty');
  if (boot === 'failed' && !model) return <Empty>Features need a model.</Empty>;
  if (dictionaries.status === 'failed') return <Failure message={dictionaries.message} />;
  if (dictionaries.status === 'waiting' || !model) return <Skeleton lines={6} />;
  if (chosen === '') return <NoneFits model={model.id} made={dictionaries.list.map((d) => d.model)} offer={offer} />;
  return (
    <>
      <DictionaryMap />
      {doubts}
      {task.status === 'failed' && <Failure message={task.message} />}
      {empty ? (
        <Empty>No text, so no features.</Empty>
      ) : features ? (
        <Read reading={features} />
      ) : (
        task.status !== 'failed' && <Skeleton lines={6} />
      )}
      <DictionaryTools />
    </>
  );
}

function NoneFits({ model, made, offer }: { model: string; made: string[]; offer: ReactNode }) {
  const models = [...new Set(made)].filter((m) => m !== '');
  return (
    <>
      <Empty>
        No dictionary here fits {model}: a dictionary reads one hook of the model it was trained on, at the same width.
        {models.length > 0 && ` Those at hand were made for ${models.join(', ')}.`}
      </Empty>
      <DictionaryMap />
      {offer}
      <DictionaryTools />
    </>
  );
}

function Read({ reading }: { reading: FeatureReading }) {
  const { index } = reading;
  const names = tokenNames(reading);
  const chosen = useApp(chosenPosition);
  const position = Math.max(0, Math.min(chosen, index.tokens - 1));
  if (index.rows.length === 0) return <Empty>No feature of this dictionary fires on this text. Try another layer or another text.</Empty>;
  return (
    <div className="feature-read" style={markToken(position, index.tokens)}>
      <Summary reading={reading} position={position} name={names[position]} />
      <FeaturePins reading={reading} position={position} />
      <FeatureList reading={reading} names={names} position={position} />
    </div>
  );
}

function Summary({ reading, position, name }: { reading: FeatureReading; position: number; name: NamedToken }) {
  const edited = useApp(hasEdits);
  const { index, explained, dictionary } = reading;
  const here = explained?.tokens[position] ?? NaN;
  return (
    <div className="feature-summary">
      <p className="panel-lead">
        <strong>{formatInteger(index.active[position])}</strong> of {formatInteger(index.d_sae)} features fire at{' '}
        <TokenSample name={name} />, <strong>{formatInteger(index.rows.length)}</strong> anywhere in this text.
        {edited && ' Read without the edits.'}
      </p>
      <p className="panel-lead" title={explained ? `text ${formatFull(explained.text)}, token ${formatFull(here)}` : undefined}>
        They explain <strong>{explained ? formatPercent(explained.text) : '…'}</strong> of <code>{dictionary.hook}</code>,{' '}
        <strong>{explained ? formatPercent(here) : '…'}</strong> at this token.{' '}
        <Info about="how much they explain">
          Explained variance, the share of the hook’s variance that the features rebuild:{' '}
          <span className="formula">{EXPLAINED_FORMULA}</span>, x what the hook holds, x̂ what the features make of it.
        </Info>
      </p>
    </div>
  );
}
