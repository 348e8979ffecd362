/** "about 40 s left", from how it went so far. '' before that can be told. */
export function leftWords(done: number, total: number, seconds: number): string {
  if (done <= 0 || total <= 0 || seconds < 3) return '';
  const left = ((total - done) * seconds) / done;
  return left < 90 ? `, about ${Math.max(1, Math.round(left))} s left` : `, about ${Math.round(left / 60)} min left`;
}
