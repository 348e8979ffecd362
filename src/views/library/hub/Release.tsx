import type { ReactNode } from 'react';
import type { PublishedRelease } from '../../../api/dictionaries.ts';
import { RightModel } from '../../shared/RightModel.tsx';
import { LookUpButton } from './lookUp.tsx';
import { factsOf, Known } from './releases.tsx';
import type { Wanted } from './wanted.ts';

interface ReleaseProps {
  release: PublishedRelease;
  onLookUp: (asked: Wanted) => void;
  /** What came of a look-up in this release. */
  found: ReactNode;
  /** Made for another model than the one in use. */
  other?: boolean;
}

/** One release, folded: what it is, the dictionaries known of it, and what was looked up in it. */
export function Release({ release, onLookUp, found, other = false }: ReleaseProps) {
  const { id, title, hub, revision, folder, model, dictionaries } = release;
  const list = () => onLookUp({ at: id, source: { hub, revision, ...(folder !== '' && { folder }) }, name: title });
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
                onPress={() => onLookUp({ at: id, source: { hub, revision, folder: dictionary.folder }, name: dictionary.folder })}
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
