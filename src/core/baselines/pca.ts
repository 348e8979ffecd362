/** Principal components: eigenvectors of the covariance, by ml-matrix (Householder, then QL; EISPACK's tred2 and tql2). */
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';

interface Components {
  /** Falling, none below 0: what rounding puts there is 0. [n] */
  eigenvalues: Float64Array;
  /** One a row, of norm 1; the entry of largest size is positive. [n, d] */
  directions: Float64Array;
}

/** @param covariance [d, d], symmetric @param most how many are wanted */
export function principalComponents(covariance: Float64Array, d: number, most = d): Components {
  const { values, vectors } = eigen(covariance, d);
  const eigenvalues = new Float64Array(most);
  const directions = new Float64Array(most * d);
  for (let c = 0; c < most; c++) {
    const column = d - 1 - c;
    eigenvalues[c] = Math.max(0, values[column]);
    let largest = 0;
    for (let i = 0; i < d; i++) {
      const value = vectors.get(i, column);
      directions[c * d + i] = value;
      if (Math.abs(value) > Math.abs(largest)) largest = value;
    }
    if (largest < 0) for (let i = c * d; i < (c + 1) * d; i++) directions[i] = -directions[i];
  }
  return { eigenvalues, directions };
}

/** Values rise; vectors are columns. */
export function eigen(symmetric: Float64Array, d: number): { values: number[]; vectors: Matrix } {
  const matrix = Matrix.from1DArray(d, d, symmetric);
  const found = new EigenvalueDecomposition(matrix, { assumeSymmetric: true });
  return { values: found.realEigenvalues, vectors: found.eigenvectorMatrix };
}
