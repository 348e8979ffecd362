/** Where a note stands beside what it tells of. */

export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

type Size = Pick<Box, 'width' | 'height'>;

const GAP = 14;
const EDGE = 10;

/** Below it where there is room, else above it, else at the foot of the window; in the middle where there is nothing to stand beside. */
export function calloutPlace(box: Box | null, note: Size, view: Size): { left: number; top: number } {
  const within = (value: number, most: number) => Math.max(EDGE, Math.min(value, most - EDGE));
  if (!box) return { left: within((view.width - note.width) / 2, view.width), top: within((view.height - note.height) / 2, view.height) };
  const left = within(box.left, view.width - note.width);
  const below = box.top + box.height + GAP;
  const above = box.top - GAP - note.height;
  const top = below + note.height + EDGE <= view.height ? below : above >= EDGE ? above : view.height - note.height - EDGE;
  return { left, top };
}
