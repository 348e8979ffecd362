import { useState } from 'react';
import type { FoundDictionary, PublishedPlan } from '../../../api/dictionaries.ts';
import { formatBytes, formatInteger } from '../../../charts/format.ts';
import { findClaims, findModel } from '../../../core/catalogue.ts';
import { isSameSource } from '../../../core/publishedSource.ts';
import { Failure } from '../../shared/Panel.tsx';
import { RightModel } from '../../shared/RightModel.tsx';
import { useActions, useApp } from '../store.ts';
import { fetchWords, LookingUp, LookUpButton, type Result } from './lookUp.tsx';
import { claimWords } from './releases.tsx';
import type { Wanted } from './wanted.ts';

/** What came of a look-up stands below a list that may be long. */
const reveal = (element: HTMLElement | null) => element?.scrollIntoView({ block: 'nearest' });

interface FoundProps {
  asked: Wanted;
  /** null: on its way. */
  result: Result<PublishedPlan> | null;
  onLookUp: (asked: Wanted) => void;
  onCancel: () => void;
}

export function Found({ asked, result, onLookUp, onCancel }: FoundProps) {
  if (!result) return <LookingUp name={asked.name} onCancel={onCancel} />;
  if ('message' in result) return <Failure message={result.message} />;
  if (result.items.length === 1) return <Single asked={asked} plan={result} />;
  return (
    <section ref={reveal} className="hub-plan" aria-label={`Dictionaries at ${asked.name}`}>
      <strong role="status">{formatInteger(result.items.length)} dictionaries</strong>
      <ul className="library pick-list">
        {result.items.map(({ folder, format, bytes, source }) => (
          <li key={folder}>
            <span className="library-words">
              <code>{folder || 'the repository’s own folder'}</code>
              <span className="hint">
                {format}, {formatBytes(bytes)}
              </span>
            </span>
            <span className="library-tools">
              <LookUpButton
                name={folder || 'the repository’s own folder'}
                onPress={() => onLookUp({ at: asked.at, source, name: folder || asked.name })}
              />
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** One dictionary, or one file with several: its true size, what its headers say, and the button that fetches it. */
function Single({ asked, plan }: { asked: Wanted; plan: PublishedPlan }) {
  const [chosen, setChosen] = useState<ReadonlySet<number>>(new Set([0]));
  const toggle = (position: number) => {
    const next = new Set(chosen);
    if (!next.delete(position)) next.add(position);
    setChosen(next);
  };
  const { found, warnings } = plan;
  const [item] = plan.items;
  return (
    <section ref={reveal} className="hub-plan" aria-label={`Files of ${asked.name}`}>
      <strong role="status">
        {asked.name}: {formatBytes(item.bytes)}
      </strong>
      {found.length > 1 ? (
        <Choice found={found} chosen={chosen} onToggle={toggle} />
      ) : (
        found.map((one) => (
          <span key={one.name} className="hint">
            {wordsOf(one)}
          </span>
        ))
      )}
      <ClaimsAndFit asked={asked} plan={plan} />
      {warnings.length > 0 && <span className="hint">{warnings.join(' ')}</span>}
      <Fetch asked={asked} plan={plan} pick={found.length > 1 ? [...chosen].sort((a, b) => a - b) : undefined} />
    </section>
  );
}

interface ChoiceProps {
  found: readonly FoundDictionary[];
  chosen: ReadonlySet<number>;
  onToggle: (position: number) => void;
}

function Choice({ found, chosen, onToggle }: ChoiceProps) {
  return (
    <ul className="pick-list">
      {found.map((one, position) => (
        <li key={position}>
          <label className="check">
            <input type="checkbox" checked={chosen.has(position)} onChange={() => onToggle(position)} />
            <span>
              <code>{one.name}</code> <span className="hint">{wordsOf(one)}</span>
            </span>
          </label>
        </li>
      ))}
    </ul>
  );
}

/** What its publisher claims, and whether the open model can use it. */
function ClaimsAndFit({ asked, plan: { found, items } }: { asked: Wanted; plan: PublishedPlan }) {
  const model = useApp((s) => s.model);
  const [{ source, folder }] = items;
  const hub = 'hub' in source ? source.hub : '';
  const claims = findClaims(hub, folder);
  const right = findModel(hub, folder);
  const misfit = found.length === 1 && model !== null && !fits(found[0], model.hooks);
  return (
    <>
      {claims && (
        <span className="hint">
          {claimWords(claims)} ({claims.source}).
        </span>
      )}
      {misfit && (
        <span className="hint">
          {model.id} has no {found[0].hook || 'hook that its files name'} of {formatInteger(found[0].d_in)} numbers. It can be fetched all
          the same, and waits for its model.
        </span>
      )}
      {misfit && right !== undefined && (
        <div className="panel-foot">
          <RightModel name={right} what={asked.name} />
        </div>
      )}
    </>
  );
}

interface FetchProps {
  asked: Wanted;
  plan: PublishedPlan;
  /** Which of several; undefined where there is one. */
  pick: number[] | undefined;
}

function Fetch({ asked, plan: { items, here, host }, pick }: FetchProps) {
  const { fetchPublished } = useActions();
  const [item] = items;
  const opened = useApp((s) =>
    s.dictionaries.status === 'done' ? s.dictionaries.list.find(({ from }) => from && isSameSource(from, item.source)) : undefined,
  );
  const isHere = opened !== undefined && pick === undefined;
  return (
    <>
      <p className="hint">
        From {host}.{' '}
        {isHere ? `It is here already, as ${opened.label}.` : 'It is fetched once and stays in this browser until you remove it.'}
      </p>
      <div className="panel-foot">
        <button
          type="button"
          className={isHere ? 'button-small' : 'button-main'}
          disabled={pick?.length === 0}
          onClick={() => void fetchPublished({ source: item.source, name: asked.name, ...(pick && { pick }) })}
        >
          {isHere ? 'Fetch it again' : fetchWords({ here, bytes: item.bytes })}
        </button>
      </div>
    </>
  );
}

function fits({ hook, d_in }: FoundDictionary, hooks: readonly { name: string; shape: readonly (number | string)[] }[]): boolean {
  return hooks.some(({ name, shape }) => name === hook && shape[shape.length - 1] === d_in);
}

function wordsOf({ format, architecture, hook, d_in, d_sae }: FoundDictionary): string {
  return `${format}, ${architecture}, ${formatInteger(d_sae)} features of ${formatInteger(d_in)} numbers${hook && `, ${hook}`}`;
}
