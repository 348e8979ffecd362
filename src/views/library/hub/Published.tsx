import { useCallback, useEffect, useMemo, useState, type FormEvent, type ReactNode } from 'react';
import type {
  FoundDictionary,
  PublishedClaims,
  PublishedDictionary,
  PublishedPlan,
  PublishedRelease,
  PublishedSource,
} from '../../../api/dictionaries.ts';
import { formatBytes, formatInteger } from '../../../charts/format.ts';
import { findClaims, findModel } from '../../../core/catalogue.ts';
import { isSameModel } from '../../../core/lm/modelNames.ts';
import { isSameSource } from '../../../core/publishedSource.ts';
import { sentenceOf } from '../../../state/shared/latest.ts';
import { Field } from '../../shared/fields.tsx';
import { Empty, Failure } from '../../shared/Panel.tsx';
import { RightModel } from '../../shared/RightModel.tsx';
import { useActions, useApp } from '../store.ts';
import { fetchWords, LookingUp, useLookUp, type Result } from './lookUp.tsx';

/** A place that is looked up, and what it is called. */
export interface LookedUp {
  source: PublishedSource;
  name: string;
}

/** Beside what its answer shows: id of a release, or ADDRESS. */
type Asked = LookedUp & { at: string };

const ADDRESS = 'address';

export interface PublishedProps {
  /** Looked up at once: a person asked for it elsewhere. */
  first?: LookedUp;
}

/** Dictionaries that others have published: those for the model in use, those for others, and any address. */
export function Published({ first }: PublishedProps) {
  const { planPublished } = useActions();
  const model = useApp((s) => s.model?.id ?? '');
  const { releases, problem } = useReleases();
  const plan = useCallback((wanted: Asked, signal: AbortSignal) => planPublished(wanted.source, signal), [planPublished]);
  const { asked, result, look } = useLookUp(
    useMemo(() => (first ? { ...first, at: ADDRESS } : null), [first]),
    plan,
  );
  const shown = (at: string) => asked?.at === at && <Found asked={asked} result={result} onLook={look} onCancel={() => look(null)} />;
  const mine = releases.filter((release) => isSameModel(release.model, model));
  const others = releases.filter((release) => !mine.includes(release));
  return (
    <>
      {problem !== null && <Failure message={problem} />}
      <AddressForm onLook={look} />
      {shown(ADDRESS)}
      {releases.length > 0 && mine.length === 0 && <Empty>None of them was made for {model}. Each needs its own model.</Empty>}
      {mine.map((release) => (
        <Release key={release.id} release={release} onLook={look} found={shown(release.id)} />
      ))}
      {others.length > 0 && (
        <details>
          <summary>For other models ({others.length} releases)</summary>
          {others.map((release) => (
            <Release key={release.id} release={release} onLook={look} found={shown(release.id)} other />
          ))}
        </details>
      )}
    </>
  );
}

export function useReleases() {
  const { publishedReleases } = useActions();
  const [releases, setReleases] = useState<readonly PublishedRelease[]>([]);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    publishedReleases().then(setReleases, (error: unknown) => setProblem(sentenceOf(error)));
  }, [publishedReleases]);
  return { releases, problem };
}

/** `owner/name/folder` is a place of the hub; anything else is taken for an address. */
function sourceOfWords(words: string): PublishedSource {
  const [owner, name, ...folder] = words.split('/');
  if (words.includes(':') || !name) return { url: words };
  return { hub: `${owner}/${name}`, ...(folder.length > 0 && { folder: folder.join('/') }) };
}

function AddressForm({ onLook }: { onLook: (asked: Asked) => void }) {
  const [words, setWords] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const name = words.trim();
    onLook({ at: ADDRESS, source: sourceOfWords(name), name });
  };
  return (
    <form className="hub-form" onSubmit={submit}>
      <Field label="Address of a file, of a folder of the hub, or a repository’s name">
        <input
          type="text"
          inputMode="url"
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
          placeholder="https://huggingface.co/owner/name/tree/main/folder"
          value={words}
          onChange={(e) => setWords(e.target.value)}
        />
      </Field>
      <button type="submit" className="button" disabled={words.trim() === ''}>
        Look up
      </button>
    </form>
  );
}

interface ReleaseProps {
  release: PublishedRelease;
  onLook: (asked: Asked) => void;
  /** What came of a look-up in this release. */
  found: ReactNode;
  /** Made for another model than the one in use. */
  other?: boolean;
}

function Release({ release, onLook, found, other = false }: ReleaseProps) {
  const { id, title, hub, revision, folder, model, dictionaries } = release;
  const list = () => onLook({ at: id, source: { hub, revision, ...(folder !== '' && { folder }) }, name: title });
  return (
    <details className="release">
      <summary>
        {title} <span className="hint">{[factsOf(release), other ? `needs ${model}` : ''].filter((words) => words !== '').join('; ')}</span>
      </summary>
      <p className="hint">
        {release.about} <code>{hub}</code> ({release.source})
      </p>
      {other && (
        <div className="panel-foot">
          <span className="hint">They need {model}.</span>
          <RightModel name={model} what={title} />
        </div>
      )}
      {dictionaries.length > 0 && (
        <ul className={`library ${dictionaries.length > MANY ? 'pick-list' : ''}`}>
          {dictionaries.map((dictionary) => (
            <Known key={dictionary.folder} dictionary={dictionary}>
              <LookUpButton
                name={dictionary.folder}
                onPress={() => onLook({ at: id, source: { hub, revision, folder: dictionary.folder }, name: dictionary.folder })}
              />
            </Known>
          ))}
        </ul>
      )}
      <div className="panel-foot">
        <button type="button" className="button-small" onClick={list} aria-label={`List what ${title} holds`}>
          {dictionaries.length > 0 ? 'List all that the repository holds' : 'List them'}
        </button>
      </div>
      {found}
    </details>
  );
}

/** More of one release are shown in a box that scrolls. */
const MANY = 12;

/** How many dictionaries of what sizes, in words. */
export function factsOf({ count, together, d_sae, bytes }: PublishedRelease): string {
  const sizes = d_sae.length > 0 ? `${d_sae.map(formatInteger).join(' or ')} features` : '';
  const many = count === undefined ? sizes : `${formatInteger(count)} of ${sizes}`;
  const size =
    bytes === undefined
      ? ''
      : together === undefined
        ? `up to ${formatBytes(bytes)} each`
        : `${together} in a file of ${formatBytes(bytes)}`;
  return [many, size].filter((words) => words !== '').join(', ');
}

interface KnownProps {
  dictionary: PublishedDictionary;
  /** What can be done with it. */
  children: ReactNode;
}

export function Known({ dictionary: { folder, hook, claims }, children }: KnownProps) {
  return (
    <li>
      <span className="library-words">
        <strong>{folder}</strong>
        <span className="hint">
          <code>{hook}</code>
          {claims && `. ${claimWords(claims)}`}
        </span>
      </span>
      <span className="library-tools">{children}</span>
    </li>
  );
}

function LookUpButton({ name, onPress }: { name: string; onPress: () => void }) {
  return (
    <button type="button" className="button-small" onClick={onPress} aria-label={`Look up ${name}`}>
      Look up
    </button>
  );
}

/** In the decimals they were published with. */
function claimWords({ variance_explained, l0, ce_recovered }: PublishedClaims): string {
  const whole = (share: number) => `${Math.round(100 * share)}\u202F%`;
  return `Published: ${whole(variance_explained)} of the variance explained by ${formatInteger(l0)} active features, ${whole(ce_recovered)} of the loss recovered`;
}

/** What came of a look-up stands below a list that may be long. */
const reveal = (element: HTMLElement | null) => element?.scrollIntoView({ block: 'nearest' });

interface FoundProps {
  asked: Asked;
  /** null: on its way. */
  result: Result<PublishedPlan> | null;
  onLook: (asked: Asked) => void;
  onCancel: () => void;
}

function Found({ asked, result, onLook, onCancel }: FoundProps) {
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
                onPress={() => onLook({ at: asked.at, source, name: folder || asked.name })}
              />
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** One dictionary, or one file with several: its true size, what its headers say, and the button that fetches it. */
function Single({ asked, plan }: { asked: Asked; plan: PublishedPlan }) {
  const { fetchPublished } = useActions();
  const model = useApp((s) => s.model);
  const { found, warnings, here, host } = plan;
  const [item] = plan.items;
  const [chosen, setChosen] = useState<ReadonlySet<number>>(new Set([0]));
  const toggle = (position: number) => {
    const next = new Set(chosen);
    if (!next.delete(position)) next.add(position);
    setChosen(next);
  };
  const several = found.length > 1;
  const pick = [...chosen].sort((a, b) => a - b);
  const hub = 'hub' in item.source ? item.source.hub : '';
  const claims = findClaims(hub, item.folder);
  const right = findModel(hub, item.folder);
  const opened = useApp((s) =>
    s.dictionaries.status === 'done' ? s.dictionaries.list.find(({ from }) => from && isSameSource(from, item.source)) : undefined,
  );
  const misfit = !several && found.length > 0 && model !== null && !fits(found[0], model.hooks);
  return (
    <section ref={reveal} className="hub-plan" aria-label={`Files of ${asked.name}`}>
      <strong role="status">
        {asked.name}: {formatBytes(item.bytes)}
      </strong>
      {several ? (
        <ul className="pick-list">
          {found.map((one, position) => (
            <li key={position}>
              <label className="check">
                <input type="checkbox" checked={chosen.has(position)} onChange={() => toggle(position)} />
                <span>
                  <code>{one.name}</code> <span className="hint">{wordsOf(one)}</span>
                </span>
              </label>
            </li>
          ))}
        </ul>
      ) : (
        found.map((one) => (
          <span key={one.name} className="hint">
            {wordsOf(one)}
          </span>
        ))
      )}
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
      {warnings.length > 0 && <span className="hint">{warnings.join(' ')}</span>}
      <p className="hint">
        From {host}.{' '}
        {opened && !several
          ? `It is here already, as ${opened.label}.`
          : 'It is fetched once and stays in this browser until you remove it.'}
      </p>
      <div className="panel-foot">
        <button
          type="button"
          className={opened && !several ? 'button-small' : 'button-main'}
          disabled={several && pick.length === 0}
          onClick={() => void fetchPublished({ source: item.source, name: asked.name, ...(several && { pick }) })}
        >
          {opened && !several ? 'Fetch it again' : fetchWords({ here, bytes: item.bytes })}
        </button>
      </div>
    </section>
  );
}

function fits({ hook, d_in }: FoundDictionary, hooks: readonly { name: string; shape: readonly (number | string)[] }[]): boolean {
  return hooks.some(({ name, shape }) => name === hook && shape[shape.length - 1] === d_in);
}

function wordsOf({ format, architecture, hook, d_in, d_sae }: FoundDictionary): string {
  return `${format}, ${architecture}, ${formatInteger(d_sae)} features of ${formatInteger(d_in)} numbers${hook && `, ${hook}`}`;
}
