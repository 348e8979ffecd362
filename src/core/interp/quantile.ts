/** Between the two nearest of rising values, in proportion. @param share from 0 to 1 */
export function quantile(values: Float64Array, share: number): number {
  const place = share * (values.length - 1);
  const low = Math.floor(place);
  const high = Math.ceil(place);
  return values[low] + (place - low) * (values[high] - values[low]);
}
