import { useState } from 'react';
import { formatPercent } from '../../charts/format.ts';
import { glyphText } from '../../core/lm/glyphs.ts';
import { isLongForAddress } from '../../state/circuits/address.ts';
import { positionOf } from '../../state/circuits/promptMeter.ts';
import { LIMITS } from '../../state/circuits/settings.ts';
import type { Prediction, PromptTokens } from '../../state/circuits/state.ts';
import { Field, NumberInput } from '../shared/fields.tsx';
import { Info } from '../shared/Info.tsx';
import { Failure } from '../shared/Panel.tsx';
import { useCircuits, useCircuitsActions } from './CircuitsContext.tsx';
import { DictionaryPicks } from './DictionaryPicks.tsx';

/** A prompt, the position whose prediction is meant, and the tokens between which it is decided. */
export function PromptForm({ busy }: { busy: boolean }) {
  const { setPrompt, measure } = useCircuitsActions();
  const settings = useCircuits((s) => s.place.prompt);
  const explore = useCircuits((s) => s.explore);
  const prompt = useCircuits((s) => s.prompt);
  const text = settings.text ?? explore;
  const read = prompt && 'text' in prompt && prompt.text === text ? prompt : null;
  return (
    <form
      className="circuits-form"
      onSubmit={(event) => {
        event.preventDefault();
        void measure();
      }}
    >
      <label className="field">
        <span className="field-label">
          Prompt{settings.text === null && ', the text in Explore'}
          {isLongForAddress(text) && '. Too long for the address: a link leaves it out'}
        </span>
        <textarea rows={2} value={text} onChange={(e) => setPrompt({ text: e.target.value, position: null, plus: null, minus: null })} />
      </label>
      {prompt && 'status' in prompt && <Failure message={prompt.message} />}
      {read && read.ids.length > 0 && <Tokens prompt={read} />}
      <DictionaryPicks legend="Nodes from" from={settings.from} onChange={(from) => setPrompt({ from })} />
      <div className="field-row field-row-numbers">
        <Field label="Nodes kept">
          <NumberInput value={settings.nodes} {...LIMITS.nodes} step={1} onChange={(value) => setPrompt({ nodes: Math.round(value) })} />
        </Field>
        <Field label="Edges kept">
          <NumberInput value={settings.edges} {...LIMITS.edges} step={1} onChange={(value) => setPrompt({ edges: Math.round(value) })} />
        </Field>
        <Field label="Seed">
          <NumberInput value={settings.seed} {...LIMITS.seed} step={1} onChange={(value) => setPrompt({ seed: Math.round(value) })} />
        </Field>
      </div>
      <div className="panel-foot">
        <button type="submit" className="button-main" disabled={busy || !read || read.ids.length === 0}>
          Measure the circuit
        </button>
        <span className="hint">
          {text === ''
            ? 'Type a prompt first.'
            : 'One continuation for each feature active at each position; it can be stopped at any time.'}
        </span>
      </div>
    </form>
  );
}

function Tokens({ prompt }: { prompt: PromptTokens }) {
  const { setPrompt } = useCircuitsActions();
  const { position, plus, minus } = useCircuits((s) => s.place.prompt);
  const at = positionOf(prompt, position);
  const expected = prompt.expected[at] ?? [];
  return (
    <>
      <div className="field-row">
        <Field label="Position whose next token is meant">
          <select
            value={at}
            onChange={(e) => setPrompt({ position: Number(e.target.value) === prompt.ids.length - 1 ? null : Number(e.target.value) })}
          >
            {prompt.tokens.map((token, i) => (
              <option key={i} value={i}>
                {i}: {glyphText(token)}
              </option>
            ))}
          </select>
        </Field>
        <TokenField label="For this token" which="plus" chosen={plus ?? expected[0]?.id ?? null} expected={expected} />
        <TokenField label="Against this one" which="minus" chosen={minus} expected={expected} none />
      </div>
      <p className="hint with-info">
        Measured: {minus === null ? 'the log-probability of the first token' : 'the difference of the two tokens’ logits'}
        <Info about="the measure of a circuit">
          A node’s effect is what is measured, less what it is with that feature taken out at that position alone. What a dictionary does
          not explain of the activation at a position, its error, is a node of its own.
        </Info>
      </p>
    </>
  );
}

interface TokenFieldProps {
  label: string;
  which: 'plus' | 'minus';
  chosen: number | null;
  expected: readonly Prediction[];
  /** It may be left out. */
  none?: boolean;
}

function TokenField({ label, which, chosen, expected, none = false }: TokenFieldProps) {
  const { setPrompt, typeToken } = useCircuitsActions();
  const names = useCircuits((s) => s.tokens);
  const [typed, setTyped] = useState('');
  const [wrong, setWrong] = useState('');
  const isTyped = chosen !== null && !expected.some(({ id }) => id === chosen);
  const take = () =>
    void typeToken(which, typed).then((why) => {
      setWrong(why);
      if (why === '') setTyped('');
    });
  return (
    <div className="field token-field">
      <Field label={label}>
        <select value={chosen ?? ''} onChange={(e) => setPrompt({ [which]: e.target.value === '' ? null : Number(e.target.value) })}>
          {none && <option value="">none: the log-probability alone</option>}
          {isTyped && <option value={chosen}>{glyphText(names.get(chosen) ?? `[${chosen}]`)} (typed)</option>}
          {expected.map(({ id, token, probability }) => (
            <option key={id} value={id}>
              {glyphText(token)} – {formatPercent(probability)}
            </option>
          ))}
        </select>
      </Field>
      <span className="token-typed">
        <input
          type="text"
          aria-label={`${label}: type one`}
          placeholder="or type one"
          value={typed}
          onChange={(e) => setTyped(e.target.value)}
          onKeyDown={(e) => {
            if (e.key !== 'Enter') return;
            e.preventDefault();
            take();
          }}
        />
        <button type="button" className="button-small" disabled={typed === ''} onClick={take}>
          Take
        </button>
      </span>
      {wrong !== '' && <span role="alert">{wrong}</span>}
    </div>
  );
}
