import { useRef, useState } from 'react';
import { flushSync } from 'react-dom';
import type { DictionaryInfo } from '../../api/dictionaries.ts';
import { formatFull, formatInteger, formatNumber } from '../../charts/format.ts';
import { activationOf, nameOf } from '../../core/interp/featureIndex/names.ts';
import { TokenSample } from '../../charts/TokenText.tsx';
import type { Firing } from '../../state/feature/state.ts';
import { evidenceWords } from '../../state/feature/rules.ts';
import { densityRank, densityWords, firingsOf, restWords, strongestTokens, tagRule, tagsOf } from '../../state/feature/words.ts';
import { shareWords } from '../../state/shared/featureNames.ts';
import type { FeaturePlace } from '../../state/shared/featureAddress.ts';
import { causesHash } from '../../state/shared/causesAddress.ts';
import { Info } from '../shared/Info.tsx';
import { LabelBox } from '../shared/LabelBox.tsx';
import { Panel } from '../shared/Panel.tsx';
import { useActions } from '../shared/StoreContext.tsx';
import type { EditFeature } from './choices.ts';
import { useFeature } from './FeatureContext.tsx';
import { ReportButtons } from './ReportButtons.tsx';

interface HeadProps {
  place: FeaturePlace;
  dictionary: DictionaryInfo;
  /** null while nobody knows when it fires. */
  firing: Firing | null;
  onEdit: EditFeature;
}

/** What it is called, and its figures. */
export function HeadPanel({ place, dictionary, firing, onEdit }: HeadProps) {
  const { openDialog } = useActions();
  return (
    <Panel
      title={`Feature ${place.latent}`}
      className="panel-head"
      aside={
        <button
          type="button"
          className="button-small"
          onClick={() => openDialog({ kind: 'card', id: dictionary.id })}
          title="About this dictionary"
        >
          {dictionary.label}
        </button>
      }
    >
      <Name place={place} firing={firing} />
      {firing && <Figures latent={place.latent} firing={firing} />}
      <EditButtons {...{ place, dictionary, firing, onEdit }} />
      {firing && (
        <ReportButtons dictionary={dictionary.id} name={`feature ${place.latent} of ${dictionary.label}`} latents={[place.latent]} />
      )}
    </Panel>
  );
}

/** Takes the person's text through the model with the feature changed. */
function EditButtons({ place, dictionary, firing, onEdit }: HeadProps) {
  const { latent } = place;
  if (!dictionary.fits) return null;
  const maximum = firing && firing.record.maximum > 0 ? { value: firing.record.maximum, of: firing.index.corpus } : null;
  const edit = (kind: 'ablate' | 'steer') => () => onEdit({ kind, dictionary, latent, maximum });
  return (
    <div className="panel-foot" role="group" aria-label="Edit it in your text">
      <button type="button" className="button-small" onClick={edit('ablate')} title="Reads your text without this feature, in Explore">
        Ablate in your text
      </button>
      <button
        type="button"
        className="button-small"
        onClick={edit('steer')}
        title="Reads your text with half this feature’s maximum added at every token, in Explore"
      >
        Steer your text
      </button>
      <a href={causesHash(place)} className="button button-small" title="Which earlier features make it fire, in Circuits">
        What causes it
      </a>
    </div>
  );
}

/** The person's label, else in grey what it fires on. */
function Name({ place, firing }: Pick<HeadProps, 'place' | 'firing'>) {
  const { dictionary, latent } = place;
  const { label: save } = useActions();
  const label = useFeature((s) => (s.named.dictionary === dictionary ? s.named.byLatent.get(latent) : undefined));
  const evidence = useFeature((s) => (s.named.dictionary === dictionary ? s.named.evidence?.get(latent) : undefined));
  const [editing, setEditing] = useState(false);
  const line = useRef<HTMLDivElement>(null);
  const written = (text: string | null, byKey: boolean) => {
    if (text !== null) void save(dictionary, latent, text);
    flushSync(() => setEditing(false));
    if (byKey) line.current?.querySelector<HTMLElement>('button')?.focus();
  };
  return (
    <div ref={line} className="feature-name">
      {editing ? (
        <LabelBox latent={latent} label={label ?? ''} onDone={written} />
      ) : (
        <>
          {label ? <strong>{label}</strong> : <Guess firing={firing} place={place} />}
          <button type="button" className="button-small" onClick={() => setEditing(true)}>
            {label ? 'Change the label' : 'Write a label'}
          </button>
        </>
      )}
      {evidence && label && !editing && (
        <span className="hint">
          {evidenceWords(evidence)}{' '}
          <button type="button" className="button-small" onClick={() => void save(dictionary, latent, label, null)}>
            Forget the rule
          </button>
        </span>
      )}
    </div>
  );
}

function Guess({ firing, place }: Pick<HeadProps, 'firing' | 'place'>) {
  const share = useFeature((s) => (s.summary?.dictionary === place.dictionary ? s.summary.summary.share[place.latent] : 0));
  const names = useFeature((s) => s.names);
  if (!firing) return <span className="feature-guess">No label yet</span>;
  const tokens = strongestTokens(firing.record);
  const name = nameOf(firing.record, (id) => names.get(id) ?? '', activationOf(firing.record, share));
  if (tokens.length === 0) return <span className="feature-guess">No label; never fires here</span>;
  if (name && name.kind !== 'token') {
    return (
      <span className="feature-guess" title={`No label: ${shareWords(name)}`}>
        fires on {name.words} {Math.round(100 * name.share)} %
      </span>
    );
  }
  return (
    <span className="feature-guess" title="No label: the tokens with the largest share of its activation">
      fires on{' '}
      {tokens.map((id, i) => (
        <span key={id}>
          {i > 0 && ', '}
          <TokenSample name={{ text: names.get(id) ?? `[${id}]`, part: 1, of: 1 }} />
        </span>
      ))}
    </span>
  );
}

function Figures({ latent, firing: { record, index } }: { latent: number; firing: Firing }) {
  const names = useFeature((s) => s.names);
  const summary = useFeature((s) => (s.summary?.dictionary === index.dictionary ? s.summary.summary : null));
  const rank = summary ? densityRank(summary, latent) : 0;
  const tags = tagsOf(record, names);
  const facts: [string, string, string][] = [
    ['Density', densityWords(record.density), `${formatInteger(firingsOf(record))} of ${formatInteger(record.tokens)} tokens`],
    [
      'Rank by density',
      rank > 0 && summary ? `${formatInteger(rank)} of ${formatInteger(summary.density.length)}` : '–',
      '1 is the densest',
    ],
    ['Maximum', formatNumber(record.maximum), formatFull(record.maximum)],
    ['Mean where it fires', formatNumber(record.mean), `standard deviation ${formatNumber(Math.sqrt(record.variance))}`],
    [
      'Different tokens',
      record.firing_exact ? formatInteger(record.firing_tokens) : `at least ${formatInteger(record.firing_tokens)}`,
      'Tokens of the vocabulary that it fires on',
    ],
  ];
  return (
    <>
      <dl className="feature-figures">
        {facts.map(([name, value, more]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd title={more}>{value}</dd>
          </div>
        ))}
      </dl>
      <div className="feature-tags">
        {tags.map((tag) => (
          <span key={tag} className="feature-tag">
            {tag}
            <Info about={`the tag “${tag}”`}>{tagRule(tag)}</Info>
          </span>
        ))}
        <span className="hint">Counted on {restWords(index)}.</span>
      </div>
    </>
  );
}
