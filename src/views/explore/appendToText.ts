/** What comes after the text, put there: by typing, where the browser does it, so that its own undo takes it back. */
import type { StoreApi } from 'zustand/vanilla';
import type { ExploreState } from '../../state/explore/state.ts';
import { typeIntoTextBox } from './textBox.ts';

/** @param words what the notice says, which offers to take it back */
export function appendToText(store: StoreApi<ExploreState>, added: string, words: string): void {
  const { text: before, actions } = store.getState();
  const { setText, setNotice } = actions;
  if (!typeIntoTextBox(added, false)) setText(before + added);
  const run = () => {
    if (!typeIntoTextBox(before, true)) setText(before);
  };
  setNotice({ text: words, undo: { run, stillTrue: () => store.getState().text === before + added } });
}
