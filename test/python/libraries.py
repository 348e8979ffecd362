"""An export read by the library it is for, or by its formulas: libraries.py HOW FOLDER X F XHAT.

HOW is dictionary_learning or sparsify (the library itself), or "formulas": torch.load and the forward passes as
the libraries document them.
"""

import json
import os
import sys

import numpy as np
import torch


def by_dictionary_learning(folder, x):
    from dictionary_learning.utils import load_dictionary

    dictionary, _ = load_dictionary(folder, "cpu")
    f = dictionary.encode(x)
    return f, dictionary.decode(f)


def by_sparsify(folder, x):
    from sparsify import SparseCoder

    coder = SparseCoder.load_from_disk(folder, device="cpu")
    out = coder.encode(x)
    f = torch.zeros(len(x), coder.num_latents).scatter_(1, out.top_indices, out.top_acts)
    return f, coder.decode(out.top_acts, out.top_indices)


def read_safetensors(path):
    data = open(path, "rb").read()
    length = int.from_bytes(data[:8], "little")
    tensors = {}
    for name, entry in json.loads(data[8 : 8 + length]).items():
        first, end = entry["data_offsets"]
        values = np.frombuffer(data[8 + length + first : 8 + length + end], dtype="<f4").copy()
        tensors[name] = torch.from_numpy(values).reshape(entry["shape"])
    return tensors


def keep_top(p, k):
    values, indices = p.topk(k, sorted=False, dim=-1)
    return torch.zeros_like(p).scatter_(-1, indices, values)


def by_formulas(folder, x):
    if os.path.exists(f"{folder}/cfg.json"):
        cfg = json.load(open(f"{folder}/cfg.json"))
        s = read_safetensors(f"{folder}/sae.safetensors")
        c = x if cfg["transcode"] else x - s["b_dec"]
        p = torch.relu(c @ s["encoder.weight"].T + s["encoder.bias"])
        if cfg["activation"] == "groupmax":
            groups = p.unflatten(-1, (cfg["k"], -1))
            f = torch.zeros_like(groups).scatter_(-1, groups.argmax(-1, keepdim=True), groups.max(-1, keepdim=True).values)
            f = f.flatten(-2)
        else:
            f = keep_top(p, cfg["k"])
        return f, f @ s["W_dec"] + s["b_dec"]
    trainer = json.load(open(f"{folder}/config.json"))["trainer"]
    s = torch.load(f"{folder}/ae.pt", weights_only=True)
    name = trainer["dict_class"]
    if name == "AutoEncoder":
        f = torch.relu((x - s["bias"]) @ s["encoder.weight"].T + s["encoder.bias"])
        return f, f @ s["decoder.weight"].T + s["bias"]
    if name == "AutoEncoderNew":
        f = torch.relu(x @ s["encoder.weight"].T + s["encoder.bias"])
        return f, f @ s["decoder.weight"].T + s["decoder.bias"]
    if name == "GatedAutoEncoder":
        q = (x - s["decoder_bias"]) @ s["encoder.weight"].T
        f = (q + s["gate_bias"] > 0) * torch.relu(s["r_mag"].exp() * q + s["mag_bias"])
        return f, f @ s["decoder.weight"].T + s["decoder_bias"]
    if name == "JumpReluAutoEncoder":
        p = x @ s["W_enc"] + s["b_enc"]
        f = torch.relu(p * (p > s["threshold"]))
        return f, f @ s["W_dec"] + s["b_dec"]
    p = torch.relu((x - s["b_dec"]) @ s["encoder.weight"].T + s["encoder.bias"])
    f = keep_top(p, int(s["k"])) if name == "AutoEncoderTopK" else p * (p > s["threshold"])
    return f, f @ s["decoder.weight"].T + s["b_dec"]


def main(how, folder, x_file, f_file, xhat_file, d_in):
    x = torch.from_numpy(np.fromfile(x_file, dtype="<f4").reshape(-1, int(d_in)))
    read = {"dictionary_learning": by_dictionary_learning, "sparsify": by_sparsify, "formulas": by_formulas}[how]
    with torch.no_grad():
        f, xhat = read(folder, x)
    f.numpy().astype("<f4").tofile(f_file)
    xhat.numpy().astype("<f4").tofile(xhat_file)


main(*sys.argv[1:])
