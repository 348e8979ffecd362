/** The page's store as the library sees it. */
import type { LibraryState } from '../../state/library/state.ts';
import { sliceHooks } from '../shared/StoreContext.tsx';

const hooks = sliceHooks<LibraryState>();
export const useApp = hooks.useSlice;
export const useActions = hooks.useSliceActions;
