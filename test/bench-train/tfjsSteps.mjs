/** The tied dictionary in tfjs, eager: the loss, its gradients by autograd, and tfjs's Adam. Backends are their caller's. */
import '@tensorflow/tfjs-core/dist/register_all_gradients';
import * as tf from '@tensorflow/tfjs-core';

/**
 * @param {{ backend: string, d: number, n: number, batch: number, warmUp: number, steps: number, mostMs: number, alpha: number, lr: number, batches: Float32Array[], weights: Float32Array }} o
 */
export async function trainTfjs({ backend, d, n, batch, warmUp, steps, mostMs, alpha, lr, batches, weights }) {
  await tf.setBackend(backend);
  await tf.ready();
  const W = tf.variable(tf.tensor2d(weights, [n, d]));
  const b = tf.variable(tf.zeros([n]));
  const inputs = batches.map((x) => tf.tensor2d(x, [batch, d]));
  const optimizer = tf.train.adam(lr, 0.9, 0.999, 1e-8);
  /** @param {any} x */
  const lossOf = (x) => {
    const norms = tf.maximum(tf.sqrt(tf.sum(tf.square(W), 1, true)), 1e-8);
    const unit = tf.div(W, norms);
    const f = tf.relu(tf.add(tf.matMul(x, unit, false, true), b));
    const error = tf.sub(tf.matMul(f, unit), x);
    return tf.add(tf.mean(tf.square(error)), tf.mul(alpha / batch, tf.sum(f)));
  };
  const losses = [];
  const milliseconds = [];
  const began = performance.now();
  for (let step = 0; step < warmUp + steps; step++) {
    if (milliseconds.length > 0 && performance.now() - began > mostMs) break;
    const start = performance.now();
    const loss = tf.tidy(() => {
      const { value, grads } = tf.variableGrads(() => /** @type {tf.Scalar} */ (lossOf(inputs[step % inputs.length])));
      optimizer.applyGradients(/** @type {any} */ (grads));
      return value;
    });
    losses.push((await loss.data())[0]);
    if (step >= warmUp) milliseconds.push(performance.now() - start);
    loss.dispose();
  }
  const used = tf.getBackend();
  optimizer.dispose();
  tf.dispose([W, b, ...inputs]);
  return { losses, milliseconds, backend: used };
}
