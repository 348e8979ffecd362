/** The one text box, changed from outside in a way that its own undo takes back. */
export const TEXT_BOX_ID = 'text-box';

/** @returns false when the browser would not insert, so the caller must set the text itself */
export function typeIntoTextBox(insertion: string, replaceAll: boolean): boolean {
  const box = document.getElementById(TEXT_BOX_ID);
  if (!(box instanceof HTMLTextAreaElement)) return false;
  const focused = document.activeElement;
  box.focus({ preventScroll: true });
  box.setSelectionRange(replaceAll ? 0 : box.value.length, box.value.length);
  // Deprecated and without successor: the only way a page can add to a text box's undo list.
  const done = document.execCommand('insertText', false, insertion);
  if (focused instanceof HTMLElement && focused !== box) focused.focus({ preventScroll: true });
  return done;
}
