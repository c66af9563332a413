"""The checks at full size: ``make soak``, or ``python -m benchmarks.soak [subject …]``. See docs/soak.md.

A subject is a module of this package with a function ``run(size)`` that yields what it measured.
"""
