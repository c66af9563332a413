"""Events as signed webhooks."""
