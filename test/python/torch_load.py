"""Loads a file as a stranger would and says what is in it: torch_load.py FILE."""

import inspect
import json
import sys

import torch

# Versions before 2.1 do not map files.
ways = [{}, {"mmap": True}] if "mmap" in inspect.signature(torch.load).parameters else [{}]
for way in ways:
    state = torch.load(sys.argv[1], weights_only=True, **way)
    print(
        json.dumps(
            {
                "type": type(state).__name__,
                "tensors": {
                    name: {
                        "dtype": str(t.dtype).removeprefix("torch."),
                        "shape": list(t.shape),
                        "bytes": t.contiguous().reshape(-1).view(torch.uint8).tolist(),
                    }
                    for name, t in state.items()
                },
            }
        )
    )
