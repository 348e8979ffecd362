import type { KeyboardEvent } from 'react';

/** Where the search key of the page goes. */
export const FEATURE_SEARCH_ID = 'feature-search';

interface FeatureSearchProps {
  query: string;
  onQuery: (query: string) => void;
  /** Highest number. */
  last: number;
  onEnter: () => void;
}

/** Numbers and labels, silent features too. Enter goes to the first that was found, Esc clears. */
export function FeatureSearch({ query, onQuery, last, onEnter }: FeatureSearchProps) {
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter' || event.key === 'ArrowDown') onEnter();
    else if (event.key === 'Escape' && query !== '') onQuery('');
    else return;
    event.preventDefault();
  };
  return (
    <input
      id={FEATURE_SEARCH_ID}
      type="search"
      className="feature-search"
      aria-label="Find a feature by number or label"
      placeholder={`Number (0–${last}) or label`}
      value={query}
      onChange={(e) => onQuery(e.target.value)}
      onKeyDown={onKeyDown}
    />
  );
}
