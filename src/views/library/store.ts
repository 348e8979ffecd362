/** The page's store as the library sees it. */
import type { LibraryState } from '../../state/library/state.ts';
import { sliceHooks } from '../shared/StoreContext.tsx';

export const { useSlice: useApp, useSliceActions: useActions } = sliceHooks<LibraryState>();
