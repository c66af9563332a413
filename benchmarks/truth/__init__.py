"""The truth check on drafts with planted errors: ``make bench-truth`` (CHECK 19)."""
