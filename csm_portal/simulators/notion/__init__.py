"""A local look-alike of the Notion API, version 2026-03-11, for the demo and for tests (docs/simulator.md)."""
