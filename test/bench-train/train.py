"""The tied dictionary in PyTorch: eager, with the fused Adam, compiled. Reads a job from the file it is given."""

import json
import sys
import time

import torch

job = json.load(open(sys.argv[1]))
torch.set_float32_matmul_precision("highest")
torch.set_num_threads(job["threads"])
d, n, batch, alpha = job["d"], job["n"], job["batch"], job["alpha"]


def read(path, *shape):
    return torch.frombuffer(bytearray(open(path, "rb").read()), dtype=torch.float32).reshape(*shape)


batches = list(read(job["x"], -1, batch, d))
start = read(job["w"], n, d)


def loss_of(x, w, b):
    unit = w / w.norm(dim=1, keepdim=True).clamp(min=1e-8)
    f = torch.relu(x @ unit.T + b)
    return ((f @ unit - x) ** 2).mean() + alpha * f.sum(1).mean()


def train(compiled, fused):
    w = start.clone().requires_grad_()
    b = torch.zeros(n, requires_grad=True)
    adam = torch.optim.Adam([w, b], lr=1e-3, eps=1e-8, fused=fused)
    loss_fn = torch.compile(loss_of) if compiled else loss_of
    losses, times = [], []
    began = time.perf_counter()
    while len(times) < job["steps"] or (sum(times) < job["least_ms"] and time.perf_counter() - began < job["most_s"]):
        x = batches[len(losses) % len(batches)]
        t = time.perf_counter()
        loss = loss_fn(x, w, b)
        adam.zero_grad()
        loss.backward()
        adam.step()
        ms = 1000 * (time.perf_counter() - t)
        losses.append(loss.item())
        if len(losses) > job["warm_up"]:
            times.append(ms)
    return {"losses": losses, "milliseconds": times}


results = {"version": torch.__version__}
for name, compiled, fused in [("eager", False, False), ("eager, fused Adam", False, True), ("compiled", True, True)]:
    if name not in job.get("only", [name]):
        continue
    try:
        results[name] = train(compiled, fused)
    except Exception as error:  # no C++ compiler, for one
        results[name] = {"error": str(error).strip().splitlines()[0][:200]}
print(json.dumps(results))
