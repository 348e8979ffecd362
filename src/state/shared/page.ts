/** Facts about the page as a whole: what it shows, what covers it, what it tells. */
import type { PublishedSource } from '../../api/dictionaries.ts';
import type { FeaturePlace } from './featureAddress.ts';

export type Theme = 'auto' | 'light' | 'dark';

/** The screens of the page. */
export const VIEWS = ['explore', 'feature', 'circuits', 'train'] as const;
export type View = (typeof VIEWS)[number];

/** What takes back what a notice tells of: the last step of the screen, or something of its own. */
type NoticeUndo =
  | 'edits'
  /** `stillTrue`: whether it would still take back what the notice tells of; absent: always. */
  | { run: () => void; stillTrue?: () => boolean };

/** A passing message, and what takes back what it tells of. */
export interface Notice {
  text: string;
  undo: NoticeUndo | null;
}

/** What covers the page. */
type OpenDialog =
  /** `published`: with the catalogue, and what is looked up in it. */
  | { kind: 'library'; published?: 'all' | { source: PublishedSource; name: string } }
  | { kind: 'storage' }
  | { kind: 'card'; id: string }
  /** Models of the hub; `id`: the one to look up first. */
  | { kind: 'hub'; id?: string }
  | null;

export interface PageFacts {
  notice: Notice | null;
  theme: Theme;
  view: View;
  /** What the feature page is about; null until one was chosen. */
  feature: FeaturePlace | null;
  /** What the Circuits screen shows, as its address says it; read and written by the screen. */
  circuits: string;
  dialog: OpenDialog;
  /** Texts that were dropped on the page and wait for the training screen. */
  droppedTexts: readonly File[];
}

export interface UndoActions {
  /** Takes back the last step of what a person set up. */
  undo: () => void;
  redo: () => void;
}

export interface PageActions {
  setNotice: (notice: Notice | null) => void;
  setTheme: (theme: Theme) => void;
  show: (view: View) => void;
  openFeature: (place: FeaturePlace) => void;
  openDialog: (dialog: OpenDialog) => void;
  /** Opens the training screen with texts to train on; none: they were taken. */
  dropTexts: (files: readonly File[]) => void;
}

/** How addresses of the Circuits screen begin. */
export const CIRCUITS = '#/circuits';

export const initialPageFacts: PageFacts = {
  notice: null,
  theme: 'auto',
  view: 'explore',
  feature: null,
  circuits: CIRCUITS,
  dialog: null,
  droppedTexts: [],
};

export function createPageActions(set: (patch: Partial<PageFacts>) => void): PageActions {
  return {
    setNotice: (notice) => set({ notice }),
    setTheme: (theme) => set({ theme }),
    show: (view) => set({ view }),
    openFeature: (feature) => set({ view: 'feature', feature, dialog: null }),
    openDialog: (dialog) => set({ dialog }),
    dropTexts: (droppedTexts) => set({ droppedTexts, ...(droppedTexts.length > 0 && { view: 'train' }) }),
  };
}

export const PART_MISSING = 'This part of the page could not be fetched. Look whether the server can be reached, then reload the page.';
