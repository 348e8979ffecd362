import { Fragment, useMemo, type FormEvent } from 'react';
import { differingTokens } from '../../state/explore/differingTokens.ts';
import { isOfLatent } from '../../state/explore/latentChange.ts';
import type { Output } from '../../state/explore/facts.ts';
import { anyActs } from '../../state/explore/edits.ts';
import { promptOf } from '../../state/explore/generator.ts';
import { editContext } from '../../state/explore/selectors.ts';
import { Field, NumberInput } from '../shared/fields.tsx';
import { Info } from '../shared/Info.tsx';
import { Empty, Failure, Panel } from '../shared/Panel.tsx';
import { useActions, useApp, useAppStore } from './store.ts';
import { appendToText } from './appendToText.ts';

export function GeneratePanel() {
  const generation = useApp((s) => s.generation);
  const ready = useApp((s) => s.model !== null && s.analysis !== null && s.reading.status !== 'empty');
  const empty = useApp((s) => s.reading.status === 'empty');
  const { generate, stopGenerating } = useActions();
  const running = generation.status === 'running';
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void generate();
  };
  return (
    <Panel title="Continue the text" className="panel-generate">
      <form onSubmit={submit}>
        <Settings />
        <div className="panel-foot">
          {running ? (
            // Not the button that was there, made another: what was pressed to stop would then submit, and begin anew.
            <button key="stop" type="button" className="button-main" onClick={stopGenerating}>
              Stop
            </button>
          ) : (
            <button type="submit" className="button-main" disabled={!ready}>
              Continue
            </button>
          )}
          {generation.status === 'stopped' && <span className="hint">Stopped.</span>}
        </div>
      </form>
      {generation.status === 'failed' && <Failure message={generation.message} />}
      {generation.status === 'idle' ? (
        <Empty>{empty ? 'There is no text to continue.' : 'What the model writes after the text appears here.'}</Empty>
      ) : (
        <div className={`outputs${generation.outputs.length > 1 ? ' is-pair' : ''}`}>
          {generation.outputs.map((output) => (
            <OutputView
              key={output.name}
              output={output}
              plain={generation.outputs[0]}
              prompt={generation.prompt}
              paired={generation.outputs.length > 1}
              running={running}
            />
          ))}
        </div>
      )}
    </Panel>
  );
}

function Settings() {
  const settings = useApp((s) => s.settings);
  const n_ctx = useApp((s) => s.model?.n_ctx ?? 256);
  const length = useApp((s) => s.analysis?.before.ids.length ?? 0);
  const edits = useApp((s) => anyActs(s.bench.edits, editContext(s)));
  const { setSettings } = useActions();
  const { start, tokens: room } = promptOf(length, settings.tokens, n_ctx);
  return (
    <>
      <div className="field-row field-row-numbers">
        <Field label="Tokens">
          <NumberInput
            value={settings.tokens}
            min={1}
            max={4096}
            step={1}
            onChange={(tokens) => setSettings({ tokens: Math.round(tokens) })}
          />
        </Field>
        <Field label="Temperature">
          <NumberInput value={settings.temperature} min={0} max={10} step={0.1} onChange={(temperature) => setSettings({ temperature })} />
        </Field>
        <Field label="Top-k">
          <NumberInput
            value={settings.topK}
            min={0}
            step={1}
            disabled={settings.temperature === 0}
            onChange={(topK) => setSettings({ topK: Math.round(topK) })}
          />
        </Field>
        <Field label="Seed">
          <NumberInput
            value={settings.seed}
            min={0}
            step={1}
            disabled={settings.temperature === 0}
            onChange={(seed) => setSettings({ seed: Math.round(seed) })}
          />
        </Field>
      </div>
      <p className="hint">
        {settings.temperature === 0
          ? 'Temperature 0 is greedy: always the likeliest token.'
          : settings.topK === 0
            ? 'Sampling among all tokens.'
            : `Sampling among the ${settings.topK} likeliest.`}
        {settings.tokens > room && ` Only ${room} more ${room === 1 ? 'token fits' : 'tokens fit'} in the context.`}
        {start > 0 && ` The text is longer than the model reads at once, so it goes on from the last ${length - start} tokens.`}
      </p>
      {edits && <Beside />}
    </>
  );
}

/** What is written beside the plain continuation. */
function Beside() {
  const settings = useApp((s) => s.settings);
  const ofFeatures = useApp((s) => s.bench.edits.some(({ change, on }) => on && isOfLatent(change)));
  const { setSettings } = useActions();
  return (
    <>
      <label className="check">
        <input type="checkbox" checked={settings.withEdits} onChange={(e) => setSettings({ withEdits: e.target.checked })} />
        Also with the edits, side by side
      </label>
      {settings.withEdits && ofFeatures && (
        <div className="with-info">
          <label className="check">
            <input type="checkbox" checked={settings.withControls} onChange={(e) => setSettings({ withControls: e.target.checked })} />
            And with two controls
          </label>
          <Info about="the controls">
            The same edits made with something else, drawn by the seed: another feature whose density is among the nearest 5 %, at the same
            multiple of its own maximum; and a random direction of the decoder row’s norm. What these do too is not the feature’s doing. A
            direction in place of a feature that is set, scaled or ablated acts on the tokens of the text only, since what the feature is
            worth at tokens to come is not known.
          </Info>
        </div>
      )}
    </>
  );
}

interface OutputProps {
  output: Output;
  /** What the others are compared with. */
  plain: Output;
  prompt: string;
  paired: boolean;
  running: boolean;
}

const NAMES: Record<Output['name'], string> = {
  plain: 'Plain',
  edited: 'With the edits',
  latent: 'Control: features of equal density',
  direction: 'Control: random directions',
};

function OutputView({ output, plain, prompt, paired, running }: OutputProps) {
  const store = useAppStore();
  const append = () => appendToText(store, output.text, 'Appended the continuation.');
  const isControl = output.name === 'latent' || output.name === 'direction';
  return (
    <article className={`output${isControl ? ' is-control' : ''}`}>
      {paired && <h3>{NAMES[output.name]}</h3>}
      <p className="output-text">
        <span className="output-prompt">{tail(prompt)}</span>
        <span className="output-new">{output === plain ? output.text : <Differing output={output} from={plain.tokens} />}</span>
        {running && !output.finished && <span className="output-caret" aria-hidden="true" />}
      </p>
      {!running && output.text !== '' && (
        <button type="button" className="button-small" onClick={append}>
          Append to the text
        </button>
      )}
    </article>
  );
}

const MOST_LIVE = 256;

/** The text with the tokens marked that the plain continuation does not have there. */
function Differing({ output: { tokens, text, finished }, from }: { output: Output; from: Output['tokens'] }) {
  const ids = useMemo(() => [from, tokens].map((list) => list.map(({ id }) => id)), [from, tokens]);
  // A long text is laid side by side again once it is whole, not at each of its tokens.
  const marks = useMemo(() => (finished || ids[1].length <= MOST_LIVE ? differingTokens(ids[0], ids[1]) : []), [ids, finished]);
  const shown = tokens.map((token) => token.text).join('');
  return (
    <>
      {tokens.map((token, i) => (marks[i] ? <mark key={i}>{token.text}</mark> : <Fragment key={i}>{token.text}</Fragment>))}
      {text.slice(shown.length)}
    </>
  );
}

const PROMPT_TAIL_CHARACTERS = 60;

function tail(prompt: string): string {
  return prompt.length > PROMPT_TAIL_CHARACTERS ? `…${[...prompt].slice(-PROMPT_TAIL_CHARACTERS).join('')}` : prompt;
}
