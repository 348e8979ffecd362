/** What every slice of the store may see and do. */
import { initialDictionaryFacts, type DictionaryActions, type DictionaryFacts } from './dictionaries.ts';
import { initialLabelFacts, type LabelActions, type LabelFacts } from './labels.ts';
import { initialModelFacts, type ModelActions, type ModelFacts } from './model.ts';
import { initialPageFacts, type PageActions, type PageFacts, type UndoActions } from './page.ts';

export type SharedFacts = PageFacts & ModelFacts & DictionaryFacts & LabelFacts;

export type SharedActions = PageActions & UndoActions & ModelActions & DictionaryActions & LabelActions;

export type SharedState = SharedFacts & { actions: SharedActions };

export const initialSharedFacts: SharedFacts = {
  ...initialPageFacts,
  ...initialModelFacts,
  ...initialDictionaryFacts,
  ...initialLabelFacts,
};
