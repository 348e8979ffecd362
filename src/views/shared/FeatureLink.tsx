import type { MouseEvent, ReactNode } from 'react';
import { featureHash } from '../../state/shared/featureAddress.ts';
import { useActions } from './StoreContext.tsx';

interface FeatureLinkProps {
  dictionary: string;
  latent: number;
  className?: string;
  /** Not in the tab order: the row it stands in has a key for it. */
  inRow?: boolean;
  children?: ReactNode;
}

/** Opens a feature's page; as any link also in another tab. */
export function FeatureLink({ dictionary, latent, className, inRow, children = '›' }: FeatureLinkProps) {
  const { openFeature } = useActions();
  const place = { dictionary, latent };
  const onClick = (event: MouseEvent) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    openFeature(place);
  };
  return (
    <a
      href={featureHash(place)}
      className={className}
      data-open=""
      tabIndex={inRow ? -1 : undefined}
      aria-label={children === '›' ? `Page of feature ${latent}` : undefined}
      onClick={onClick}
    >
      {children}
    </a>
  );
}
