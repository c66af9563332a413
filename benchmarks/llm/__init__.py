"""One end-to-end run with a real, small model on this machine: ``make llm-e2e``."""
