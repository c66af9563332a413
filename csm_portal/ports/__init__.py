"""What the domain asks of the outside, in the domain's own words. Pure Python: no Django, no SDK."""
