import { useCallback, useEffect, useState, type FormEvent, type ReactNode } from 'react';
import type { PublishedClaims, PublishedDictionary, PublishedRelease } from '../../app/api.ts';
import { formatBytes, formatInteger, formatPercent } from '../../charts/format.ts';
import { findClaims, isReleaseOf } from '../../core/catalogue.ts';
import type { FoundDictionary, PublishedPlan, PublishedSource } from '../../core/lm/types.ts';
import { sentenceOf } from '../../state/latest.ts';
import { Field } from '../fields.tsx';
import { Empty, Failure } from '../Panel.tsx';
import { useActions, useApp } from '../StoreContext.tsx';
import { fetchWords, LookingUp, useLookUp, type Result } from './lookUp.tsx';

/** What is looked up, and beside what its answer shows. */
interface Asked {
  /** Id of a release, or ADDRESS. */
  at: string;
  source: PublishedSource;
  name: string;
}

const ADDRESS = 'address';

/** Dictionaries that others have published: those for the model in use, those for others, and any address. */
export function Published() {
  const { publishedReleases, planPublished } = useActions();
  const model = useApp((s) => s.model?.id ?? '');
  const [releases, setReleases] = useState<readonly PublishedRelease[]>([]);
  const [problem, setProblem] = useState<string | null>(null);
  const plan = useCallback((wanted: Asked, signal: AbortSignal) => planPublished(wanted.source, signal), [planPublished]);
  const { asked, result, look } = useLookUp(null, plan);
  useEffect(() => {
    publishedReleases().then(setReleases, (error: unknown) => setProblem(sentenceOf(error)));
  }, [publishedReleases]);
  const shown = (at: string) => asked?.at === at && <Found asked={asked} result={result} onLook={look} onCancel={() => look(null)} />;
  const mine = releases.filter((release) => isReleaseOf(release, model));
  const others = releases.filter((release) => !isReleaseOf(release, model));
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
  const { openDialog } = useActions();
  const { id, title, hub, revision, folder, model, dictionaries } = release;
  const list = () => onLook({ at: id, source: { hub, revision, ...(folder !== '' && { folder }) }, name: title });
  return (
    <details className="release">
      <summary>
        {title}{' '}
        <span className="hint">
          {factsOf(release)}
          {other && `; needs ${model}`}
        </span>
      </summary>
      <p className="hint">
        {release.about} <code>{hub}</code> ({release.source})
      </p>
      {other && (
        <div className="panel-foot">
          <span className="hint">They need {model}.</span>
          <button
            type="button"
            className="button-small"
            onClick={() => openDialog({ kind: 'hub', id: model })}
            aria-label={`Get ${model} for ${title}`}
          >
            Get that model
          </button>
        </div>
      )}
      {dictionaries.length > 0 && (
        <ul className="library">
          {dictionaries.map((dictionary) => (
            <Known key={dictionary.folder} release={release} dictionary={dictionary} onLook={onLook} />
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

function factsOf({ count, d_sae, bytes }: PublishedRelease): string {
  const sizes = d_sae.map(formatInteger).join(' or ');
  return `${formatInteger(count)} of ${sizes} features, up to ${formatBytes(bytes)} each`;
}

interface KnownProps {
  release: PublishedRelease;
  dictionary: PublishedDictionary;
  onLook: (asked: Asked) => void;
}

function Known({ release: { id, hub, revision, bytes }, dictionary: { folder, hook, claims }, onLook }: KnownProps) {
  return (
    <li>
      <span className="library-words">
        <strong>{folder}</strong>
        <span className="hint">
          <code>{hook}</code>, about {formatBytes(bytes)}
          {claims && `. ${claimWords(claims)}`}
        </span>
      </span>
      <span className="library-tools">
        <LookUpButton name={folder} onPress={() => onLook({ at: id, source: { hub, revision, folder }, name: folder })} />
      </span>
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

function claimWords({ variance_explained, l0, ce_recovered }: PublishedClaims): string {
  return `Published: ${formatPercent(variance_explained)} of the variance explained by ${formatInteger(l0)} active features, ${formatPercent(ce_recovered)} of the loss recovered`;
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
  const claims = 'hub' in item.source ? findClaims(item.source.hub, item.folder) : undefined;
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
      {warnings.length > 0 && <span className="hint">{warnings.join(' ')}</span>}
      <p className="hint">From {host}. It is fetched once and stays in this browser until you remove it.</p>
      <div className="panel-foot">
        <button
          type="button"
          className="button-main"
          disabled={several && pick.length === 0}
          onClick={() => void fetchPublished({ source: item.source, name: asked.name, ...(several && { pick }) })}
        >
          {fetchWords({ here, bytes: item.bytes })}
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
