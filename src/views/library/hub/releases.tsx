import { useEffect, useState, type ReactNode } from 'react';
import type { PublishedClaims, PublishedDictionary, PublishedRelease } from '../../../api/dictionaries.ts';
import { formatBytes, formatInteger } from '../../../charts/format.ts';
import { sentenceOf } from '../../../state/shared/latest.ts';
import { useActions } from '../store.ts';

export function useReleases() {
  const { publishedReleases } = useActions();
  const [releases, setReleases] = useState<readonly PublishedRelease[]>([]);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    publishedReleases().then(setReleases, (error: unknown) => setProblem(sentenceOf(error)));
  }, [publishedReleases]);
  return { releases, problem };
}

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

/** In the decimals they were published with. */
export function claimWords({ variance_explained, l0, ce_recovered }: PublishedClaims): string {
  const whole = (share: number) => `${Math.round(100 * share)}\u202F%`;
  return `Published: ${whole(variance_explained)} of the variance explained by ${formatInteger(l0)} active features, ${whole(ce_recovered)} of the loss recovered`;
}
