import { useEffect, useId, useRef, useState, type FormEvent } from 'react';
import type { Context, RuleFigures } from '../../api/features.ts';
import { formatInteger, formatNumber, formatPercent } from '../../charts/format.ts';
import { EMPTY_RULE, evidenceOf, ruleOf, ruleWords, tokenPattern, type RuleDraft, type RuleTry } from '../../state/feature/rules.ts';
import { fullColour } from '../../state/feature/contexts.ts';
import type { Firing } from '../../state/feature/state.ts';
import type { FeaturePlace } from '../../state/shared/featureAddress.ts';
import { FactList } from '../shared/FactList.tsx';
import { Info } from '../shared/Info.tsx';
import { Failure, Panel } from '../shared/Panel.tsx';
import { useActions } from '../shared/StoreContext.tsx';
import { Going } from '../shared/Going.tsx';
import type { Choices, OpenContext } from './choices.ts';
import { ContextRow } from './ContextRow.tsx';
import { useFeature, useFeatureActions } from './FeatureContext.tsx';

const TOKENS = 20_000;
const FIELDS = [
  { part: 'token', label: 'The token matches', example: '^ the$' },
  { part: 'word', label: 'Its word matches', example: '^[Ww]hales?$' },
  { part: 'before', label: 'The text before it matches', example: '\\bof$' },
] as const;

interface RuleProps {
  place: FeaturePlace;
  firing: Firing;
  choices: Choices;
  onOpen: OpenContext;
}

/** What a person says it fires on, and how often that is right. */
export function RulePanel({ place, firing, choices, onOpen }: RuleProps) {
  const { testRule } = useFeatureActions();
  const first = useFeature((s) => (firing.record.firing[0] ? s.names.get(firing.record.firing[0].id) : undefined));
  const [draft, setDraft] = useState<RuleDraft>(EMPTY_RULE);
  const [share, setShare] = useState(0);
  const [now, setNow] = useState<RuleTry>({ status: 'none' });
  const control = useRef<AbortController | null>(null);
  useEffect(() => () => control.current?.abort(), []);
  const threshold = (share / 100) * firing.record.maximum;
  const test = (event: FormEvent) => {
    event.preventDefault();
    control.current?.abort();
    control.current = new AbortController();
    void testRule(place, draft, { threshold, tokens: TOKENS, signal: control.current.signal, onChange: setNow });
  };
  return (
    <Panel
      title="A rule of your own"
      className="panel-rule"
      aside={
        <Info about="rules">
          Regular expressions; all that are written must match. Precision: of the tokens that the rule finds, the share on which the feature
          fires above the threshold. Recall: of the tokens on which it does, the share that the rule finds. F1 is 2 · precision · recall ÷
          (precision + recall); its interval holds 95 % of 1,000 draws of whole windows of the text.
        </Info>
      }
    >
      <form className="rule-form" onSubmit={test}>
        <Fields draft={draft} onChange={setDraft} />
        <Threshold share={share} threshold={threshold} onChange={setShare} />
        <div className="panel-foot">
          <button type="submit" className="button-main" disabled={!ruleOf(draft) || now.status === 'running'}>
            Test on {formatInteger(TOKENS)} tokens
          </button>
          {first !== undefined && (
            <button type="button" className="button-small" onClick={() => setDraft({ ...EMPTY_RULE, token: tokenPattern(first) })}>
              Begin with the token it fires on most
            </button>
          )}
        </div>
      </form>
      {now.status === 'running' && <Going words="Tokens read" done={now.done} total={now.total} onStop={() => control.current?.abort()} />}
      {now.status === 'failed' && <Failure message={now.message} />}
      {now.status === 'done' && <Result place={place} tried={now} full={fullColour(firing.record)} choices={choices} onOpen={onOpen} />}
    </Panel>
  );
}

function Fields({ draft, onChange }: { draft: RuleDraft; onChange: (draft: RuleDraft) => void }) {
  return (
    <div className="rule-fields">
      {FIELDS.map(({ part, label, example }) => (
        <label key={part}>
          <span className="field-label">{label}</span>
          <input
            type="text"
            className="mono"
            spellCheck={false}
            autoCapitalize="off"
            value={draft[part]}
            placeholder={`as ${example}`}
            maxLength={1000}
            onChange={(e) => onChange({ ...draft, [part]: e.target.value })}
          />
        </label>
      ))}
    </div>
  );
}

function Threshold({ share, threshold, onChange }: { share: number; threshold: number; onChange: (share: number) => void }) {
  const id = useId();
  return (
    <div className="rule-threshold">
      <label htmlFor={id}>
        It counts as firing above {formatNumber(threshold)} ({share} % of the maximum)
      </label>
      <input id={id} type="range" min={0} max={95} step={5} value={share} onChange={(e) => onChange(Number(e.target.value))} />
    </div>
  );
}

interface ResultProps extends Pick<RuleProps, 'place' | 'choices' | 'onOpen'> {
  tried: Extract<RuleTry, { status: 'done' }>;
  full: number;
}

function Result({ place, tried, full, choices, onOpen }: ResultProps) {
  const { label } = useActions();
  const { rule, threshold, figures, texts, tokens } = tried;
  const facts = factsOf(figures);
  const mine = useFeature((s) => (s.named.dictionary === place.dictionary ? s.named.byLatent.get(place.latent) : undefined));
  const keep = () =>
    void label(place.dictionary, place.latent, mine ?? ruleWords(rule).slice(0, 500), evidenceOf(rule, figures, threshold, tokens));
  const rows = (title: string, contexts: readonly Context[]) => (
    <Mistakes title={title} contexts={contexts} texts={texts} full={full} choices={choices} place={place} onOpen={onOpen} />
  );
  return (
    <>
      <div role="status">
        <FactList facts={facts} className="feature-figures" />
      </div>
      <button type="button" className="button-small" onClick={keep}>
        {mine === undefined ? 'Keep it as the label, with its figures' : 'Keep it as the label’s evidence'}
      </button>
      <div className="rule-mistakes">
        {rows('The rule finds it, the feature does not fire', figures.false_positives)}
        {rows('The feature fires, the rule misses it', figures.misses)}
      </div>
    </>
  );
}

function factsOf({ precision, recall, f1, interval }: RuleFigures): [string, string][] {
  const share = (value: number) => (Number.isNaN(value) ? 'undefined: nothing to divide by' : formatPercent(value));
  return [
    ['Precision', share(precision)],
    ['Recall', share(recall)],
    ['F1', Number.isNaN(f1) ? share(f1) : `${formatPercent(f1)} (${formatPercent(interval[0])} to ${formatPercent(interval[1])})`],
  ];
}

interface MistakesProps extends Pick<RuleProps, 'place' | 'choices' | 'onOpen'> {
  title: string;
  contexts: readonly Context[];
  texts: Extract<RuleTry, { status: 'done' }>['texts'];
  full: number;
}

function Mistakes({ title, contexts, texts, full, choices, place, onOpen }: MistakesProps) {
  const { length, breaks, scale } = choices;
  return (
    <section>
      <h3>
        {title} <span className="hint">{contexts.length === 0 ? 'never' : `the ${formatInteger(contexts.length)} strongest`}</span>
      </h3>
      <ol className="contexts">
        {contexts.map((context) => (
          <ContextRow
            key={`${context.document} ${context.position}`}
            context={context}
            spelled={texts.get(context)}
            near={false}
            stop
            onReach={() => undefined}
            onOpen={(text) => onOpen({ text, position: context.at, dictionary: place.dictionary, latent: place.latent })}
            {...{ full, length, breaks, scale }}
          />
        ))}
      </ol>
    </section>
  );
}
