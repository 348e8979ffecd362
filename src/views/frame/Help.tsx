import { KeysDialog } from './KeysDialog.tsx';
import { Tour } from './Tour.tsx';

export type HelpKind = 'keys' | 'tour';

export interface HelpProps {
  kind: HelpKind;
  onTour: () => void;
  onClose: () => void;
}

/** What explains the page; fetched when it is first asked for. */
export function Help({ kind, onTour, onClose }: HelpProps) {
  return kind === 'tour' ? <Tour onClose={onClose} /> : <KeysDialog onClose={onClose} onTour={onTour} />;
}
