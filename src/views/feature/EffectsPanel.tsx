import { useDeferredValue, useMemo, useState } from 'react';
import type { Effects } from '../../api/features.ts';
import { formatInteger, formatNumber } from '../../charts/format.ts';
import { MEASURED_CHARACTERS } from '../../state/feature/jobs.ts';
import type { Part, TextEffects } from '../../state/feature/state.ts';
import { largestChange } from '../../state/feature/words.ts';
import type { FeaturePlace } from '../../state/shared/featureAddress.ts';
import { Info } from '../shared/Info.tsx';
import { Panel } from '../shared/Panel.tsx';
import { EffectFigures } from './EffectFigures.tsx';
import { EffectStacks } from './EffectStacks.tsx';
import { useFeature, useFeatureActions } from './FeatureContext.tsx';
import { measuredAt } from './measured.ts';
import { PartBody } from './PartBody.tsx';
import { TextEffect } from './TextEffect.tsx';

/** Enough for the commonest effects, and minutes at most. */
const TOKENS = 20_000;
const ABSENT = 'This copy of the page cannot measure what changes when a feature is taken out.';

interface EffectsProps {
  onCorpus: Part<Effects>;
  onText: Part<TextEffects>;
  place: FeaturePlace;
}

/** What changes when it is taken out, beside what changes when something else is. */
export function EffectsPanel({ onCorpus, onText, place }: EffectsProps) {
  const isAbsent = onCorpus.status === 'absent' || onText.status === 'absent';
  return (
    <Panel
      title="Effect of taking it out"
      className="panel-effects"
      aside={
        <Info about="the effect of taking it out">
          At every position the feature’s part is taken out of the activation, <span className="formula">x − c·d</span>, and the model goes
          on. <span className="formula">Δ = log p(true next | as it is) − log p(true next | without)</span>, in nats: above 0 the feature
          helped to predict the token that came. The controls take out, with the same values at the same places, another feature that fires
          about as often, and a random direction.
        </Info>
      }
    >
      {isAbsent ? (
        <PartBody part={{ status: 'absent' }} name="corpusEffects" absent={ABSENT}>
          {() => null}
        </PartBody>
      ) : (
        <Both onCorpus={onCorpus} onText={onText} place={place} />
      )}
    </Panel>
  );
}

function Both({ onCorpus, onText, place }: EffectsProps) {
  const { measureEffects } = useFeatureActions();
  const text = useFeature((s) => s.text);
  const words =
    text.length > MEASURED_CHARACTERS
      ? `Your text in Explore is longer than ${formatInteger(MEASURED_CHARACTERS)} characters, so the effect on it is not measured here.`
      : 'There is no text in Explore.';
  const isAsked = text !== '' && text.length <= MEASURED_CHARACTERS;
  return (
    <>
      <h3>On your text in Explore</h3>
      <PartBody part={onText} name="textEffects" absent={ABSENT} before={isAsked ? undefined : <p className="hint">{words}</p>}>
        {(measured) => <TextEffect measured={measured} />}
      </PartBody>
      <h3>On the text that ships</h3>
      <PartBody
        part={onCorpus}
        name="corpusEffects"
        absent={ABSENT}
        long="Measuring"
        before={
          <div className="panel-foot">
            <button type="button" onClick={() => measureEffects(TOKENS)}>
              Measure on {formatInteger(TOKENS)} tokens
            </button>
            <span className="hint">
              A minute or so on a CPU: each is read as it is, without the feature, and twice without something else.
            </span>
          </div>
        }
      >
        {(effects) => <CorpusEffect effects={effects} place={place} />}
      </PartBody>
    </>
  );
}

/** Nats: the cut of the paper's figure. */
const USUAL = 0.1;
/** Keys move the threshold by so many nats. */
const STEP = 0.05;

function CorpusEffect({ effects, place }: { effects: Effects; place: FeaturePlace }) {
  const [threshold, setThreshold] = useState(effects.threshold ?? USUAL);
  // A drag is answered at once, the bars follow.
  const drawn = useDeferredValue(threshold);
  const measured = useMemo(() => measuredAt(effects, drawn), [effects, drawn]);
  const most = useMemo(() => Math.max(2 * STEP, largestChange(effects)), [effects]);
  const move = (to: number) => setThreshold(Math.round(Math.max(0, Math.min(most, to)) * 100) / 100);
  return (
    <>
      <p className="hint">
        On {formatInteger(effects.positions)} positions with a next token, of the text that ships: loss {formatNumber(effects.loss_clean)}{' '}
        as it is, {formatNumber(effects.loss_ablated)} without the feature, nats a token.
      </p>
      <EffectFigures measured={measured} place={place} />
      {effects.deltas && (
        <label className="threshold">
          <span>
            Helped and harmed: positions that change by more than <strong>{formatNumber(threshold)}</strong> nats
          </span>
          <input
            type="range"
            min={0}
            max={1}
            step="any"
            // Finer where most changes are.
            value={Math.sqrt(threshold / most)}
            aria-valuetext={`${formatNumber(threshold)} nats`}
            onChange={(e) => move(Number(e.target.value) ** 2 * most)}
            onKeyDown={(e) => {
              const by = { ArrowRight: STEP, ArrowUp: STEP, ArrowLeft: -STEP, ArrowDown: -STEP }[e.key];
              if (by === undefined) return;
              e.preventDefault();
              move(threshold + by);
            }}
          />
        </label>
      )}
      <EffectStacks effects={effects} measured={measured} threshold={drawn} place={place} />
    </>
  );
}
