import { KeysDialog } from './KeysDialog.tsx';
import { Tour } from './Tour.tsx';

export type HelpKind = 'keys' | 'tour' | null;

export interface HelpProps {
  kind: HelpKind;
  onKind: (kind: HelpKind) => void;
}

/** What explains the page; fetched when it is first asked for. */
export function Help({ kind, onKind }: HelpProps) {
  const close = () => onKind(null);
  return kind === 'tour' ? <Tour onClose={close} /> : <KeysDialog onClose={close} onTour={() => onKind('tour')} />;
}
